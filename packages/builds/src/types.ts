// The nouns of builds: a build artifact (files and a build file) becomes an image.
import type { Digest } from '@longshore/base';
import type { ImageWriter } from '@longshore/registry';

export type Architecture = 'amd64' | 'arm64';

export interface BuildOptions {
  /** A folder with the source; the build file is `Dockerfile` in it. */
  readonly contextDir: string;
  /** Another build file, as a path inside the folder. */
  readonly dockerfile?: string;
  readonly tag: string;
  readonly writer: ImageWriter;
  /** Values for the build file's `ARG`s. */
  readonly args?: Readonly<Record<string, string>>;
  /** Default: this machine's. */
  readonly architecture?: Architecture;
  readonly onProgress?: (line: string) => void;
}

export interface BuildResult {
  readonly manifestDigest: Digest;
  /** One a layer, in order, with the build step that made it. */
  readonly layers: readonly { readonly digest: Digest; readonly size: number; readonly step: string }[];
}
