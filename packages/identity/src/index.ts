// The door of `identity`.
export type { AccessKey, Account, Identity, RegistryCredential, RegistryTokens, TokenScope } from './types.ts';
