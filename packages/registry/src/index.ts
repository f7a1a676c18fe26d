// The door of `registry`.
export { RegistryError } from './errors.ts';
export { createRegistry } from './registry.ts';
export { registryMigrations } from './schema.ts';
export type { ImageWriter, Registry, RegistryOptions } from './types.ts';
