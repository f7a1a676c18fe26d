// The door of `registry`.
export type { ImageWriter, Registry, RegistryOptions } from './types.ts';
