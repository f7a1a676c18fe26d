// Storing a layer: archive, digest of the archive, gzip, and into the registry, in one pass and without holding it.
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Digest, finishDigest, newHash } from '@longshore/base';
import type { ImageWriter } from '@longshore/registry';
import { archiveOf } from './archive.ts';
import type { LayerEntry } from './plan.ts';

export interface WrittenLayer {
  /** Of the compressed bytes, as the manifest names the layer. */
  readonly digest: Digest;
  /** Of the compressed bytes. */
  readonly size: number;
  /** Digest of the archive itself, as the config names it (image-spec, config.md §rootfs). */
  readonly diffId: Digest;
}

export async function writeLayer(entries: readonly LayerEntry[], writer: ImageWriter): Promise<WrittenLayer> {
  const hash = newHash('sha256');
  async function* hashed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const stored = await pipeline(archiveOf(entries), hashed, createGzip({ level: 6 }), (compressed) =>
    writer.putBlob(compressed),
  );
  return { ...stored, diffId: finishDigest('sha256', hash) };
}
