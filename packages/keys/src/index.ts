// The door of `keys`.
export { createKeys, type Keys, type KeysOptions } from './create.ts';
export type { DataKeys, KeyUse, OpenedKey } from './data-keys.ts';
export { type ExternalEndpoint, externalKeysSchema } from './external.ts';
export { keysMigrations } from './schema.ts';
