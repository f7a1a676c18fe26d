// The nouns of builds: a build artifact (files and a build file) becomes an image.
import type { Digest } from '@longshore/base';
import type { ImageWriter } from '@longshore/registry';

export interface BuildOptions {
  /** A folder with the source; the build file is `Dockerfile` in it. */
  readonly contextDir: string;
  readonly dockerfile?: string;
  readonly tag: string;
  readonly writer: ImageWriter;
  readonly onProgress?: (line: string) => void;
}

export interface BuildResult {
  readonly manifestDigest: Digest;
  /** One a layer, in order, with the build step that made it. */
  readonly layers: readonly { readonly digest: Digest; readonly size: number; readonly step: string }[];
}
