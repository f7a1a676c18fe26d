// Sending a client to where the bytes of a layer are (307), if the blob store hands out URLs (distribution-spec, "Pulling blobs").
import type { Digest } from '@longshore/base';
import type { Layer } from '../layers.ts';
import { limits } from '../limits.ts';
import type { OciRequest } from './call.ts';
import { sendEmpty } from './respond.ts';

/** Answers with a redirect; false if the bytes must come from here. The caller may read the layer. */
export async function redirectToBytes(call: OciRequest, digest: Digest, layer: Layer): Promise<boolean> {
  // Sealed bytes are of no use to a client.
  if (layer.stored !== digest) return false;
  const location = await call.core.blobs.urlOf(digest, limits.redirectSeconds);
  if (location === undefined) return false;
  // A kept answer would outlive its URL.
  sendEmpty(call, 307, { location, 'docker-content-digest': digest, 'cache-control': 'no-store' });
  call.core.counters.blobsServed.add();
  return true;
}
