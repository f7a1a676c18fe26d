// The door of `builds`.
export { buildImage } from './build.ts';
export { type PreparedHello, prepareHello } from './hello.ts';
export type { Architecture, BuildOptions, BuildResult } from './types.ts';
