// The settings of PutAccountSetting: their names, what they may be, and what they are unless somebody says otherwise.
// Only what is done here is taken: a value that would change nothing, or promise what is not kept, is refused.
import type { RegistrySettings } from './accounts.ts';

interface AccountSetting {
  readonly values: readonly string[];
  readonly byDefault: string;
}

/** ECR API reference, PutAccountSetting. */
export const accountSettings: ReadonlyMap<string, AccountSetting> = new Map<string, AccountSetting>([
  ['BASIC_SCAN_TYPE_VERSION', { values: ['AWS_NATIVE'], byDefault: 'AWS_NATIVE' }],
  // V2: the registry policy holds for every action on a repository.
  ['REGISTRY_POLICY_SCOPE', { values: ['V2'], byDefault: 'V2' }],
  // Whether a push may link a layer of another repository instead of sending it.
  ['BLOB_MOUNTING', { values: ['ENABLED', 'DISABLED'], byDefault: 'ENABLED' }],
]);

export function accountSetting(settings: RegistrySettings, name: string): string | undefined {
  return settings.account?.[name] ?? accountSettings.get(name)?.byDefault;
}
