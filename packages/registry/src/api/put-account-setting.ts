// PutAccountSetting
import { PutAccountSetting$, type PutAccountSettingRequest, type PutAccountSettingResponse } from '@aws-sdk/client-ecr';
import { accountSettings } from '../account-settings.ts';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { invalid, registryOperation } from './ecr-operation.ts';

/** Throws parameterInvalid. */
export function requireSettingName(name: string | undefined): string {
  if (name !== undefined && accountSettings.has(name)) return name;
  throw invalid(`Invalid parameter at 'name': one of ${[...accountSettings.keys()].join(', ')}.`);
}

export const putAccountSettingOperation = (core: Core) =>
  registryOperation<PutAccountSettingRequest, PutAccountSettingResponse>({
    name: 'PutAccountSetting',
    schema: PutAccountSetting$,
    effect: 'write',
    async handle(input, call) {
      const name = requireSettingName(input.name);
      const value = input.value ?? '';
      const allowed = accountSettings.get(name)?.values ?? [];
      if (!allowed.includes(value))
        throw invalid(`Invalid parameter at 'value': ${name} may be ${allowed.join(' or ')}.`);
      await changeRegistryAccount(core, call.principal.account, ({ settings }) => ({
        settings: { ...settings, account: { ...settings.account, [name]: value } },
      }));
      return { name, value };
    },
  });
