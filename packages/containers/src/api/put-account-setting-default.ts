// PutAccountSettingDefault: what holds for every principal of the account that has no setting of its own.
import {
  PutAccountSettingDefault$,
  type PutAccountSettingDefaultRequest,
  type PutAccountSettingDefaultResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { putSetting, rootArn } from '../account-settings.ts';
import { type Core, placeOf } from '../core.ts';

export function putAccountSettingDefault(core: Core) {
  return operation<PutAccountSettingDefaultRequest, PutAccountSettingDefaultResponse>({
    name: 'PutAccountSettingDefault',
    schema: PutAccountSettingDefault$,
    effect: 'write',
    access: anyAccess,
    async handle(input, call) {
      const place = placeOf(call);
      return putSetting(core, place, rootArn(place.account), input);
    },
  });
}
