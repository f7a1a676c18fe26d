// The door of `discovery`.
export { createDiscovery, type Discovery, type DiscoveryOptions } from './create.ts';
export { discoveryMigrations } from './schema.ts';
