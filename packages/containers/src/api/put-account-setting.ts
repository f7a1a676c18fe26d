// PutAccountSetting: a setting of one principal; of the caller where none is named. The root's is the account's default.
import { PutAccountSetting$, type PutAccountSettingRequest, type PutAccountSettingResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { putSetting, readPrincipal } from '../account-settings.ts';
import { type Core, placeOf } from '../core.ts';

export function putAccountSetting(core: Core) {
  return operation<PutAccountSettingRequest, PutAccountSettingResponse>({
    name: 'PutAccountSetting',
    schema: PutAccountSetting$,
    effect: 'write',
    access: anyAccess,
    async handle(input, call) {
      const place = placeOf(call);
      return putSetting(core, place, readPrincipal(place, input.principalArn, call.principal.arn), input);
    },
  });
}
