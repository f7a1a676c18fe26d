// DeleteAccountSetting: the principal's own value goes; the account's default, or the usual value, holds again.
import {
  DeleteAccountSetting$,
  type DeleteAccountSettingRequest,
  type DeleteAccountSettingResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { forgetSetting, ownSettings, readPrincipal, readSettingName, shapeSetting } from '../account-settings.ts';
import { type Core, placeOf } from '../core.ts';

export function deleteAccountSetting(core: Core) {
  return operation<DeleteAccountSettingRequest, DeleteAccountSettingResponse>({
    name: 'DeleteAccountSetting',
    schema: DeleteAccountSetting$,
    effect: 'write',
    access: anyAccess,
    async handle(input, call) {
      const place = placeOf(call);
      const name = readSettingName(input.name);
      const principal = readPrincipal(place, input.principalArn, call.principal.arn);
      const before = (await ownSettings(core.store, place, principal)).get(name);
      await core.store.write([forgetSetting(place, principal, name)]);
      return { setting: shapeSetting(name, before ?? '', principal) };
    },
  });
}
