// The door of `builds`.
export type { BuildOptions, BuildResult } from './types.ts';
