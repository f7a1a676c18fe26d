// The door of `registry`.
export type { CollectOutcome } from './collection/collector.ts';
export type { CollectionPreview } from './collection/preview.ts';
export type { RewrapOutcome } from './encryption/rewrap.ts';
export { RegistryError } from './errors.ts';
export type { PullThroughOptions } from './pull-through/state.ts';
export { createRegistry } from './registry.ts';
export { registryMigrations } from './schema.ts';
export type { StorageReport } from './storage-report.ts';
export type { CollectionOptions, ImageWriter, Registry, RegistryOptions } from './types.ts';
