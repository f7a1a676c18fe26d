// GetAccountSetting
import { GetAccountSetting$, type GetAccountSettingRequest, type GetAccountSettingResponse } from '@aws-sdk/client-ecr';
import { accountSetting } from '../account-settings.ts';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { requireSettingName } from './put-account-setting.ts';

export const getAccountSettingOperation = (core: Core) =>
  registryOperation<GetAccountSettingRequest, GetAccountSettingResponse>({
    name: 'GetAccountSetting',
    schema: GetAccountSetting$,
    effect: 'read',
    async handle(input, call) {
      const name = requireSettingName(input.name);
      const { settings } = await findRegistryAccount(core.store, call.principal.account);
      return { name, value: accountSetting(settings, name) };
    },
  });
