// Whether the body of a request is a layer that the caller can read already (../known-layers.ts). What the caller may not read is
// received like any other, so that time tells nobody of it.
import type { Digest } from '@longshore/base';
import { receiveKnownLayer, refuseKnownLayer } from '../known-layers.ts';
import type { Repository } from '../repositories.ts';
import { touchUpload, type Upload, uploadOffset } from '../uploads.ts';
import { bodyLength, bodyOf, header, type OciCall } from './call.ts';
import { readableElsewhere } from './mounts.ts';

/** Smaller ones are written sooner than another place is looked for. */
const worthLooking = 256 * 1024;

/** Whether the body, all of the layer, was taken this way. `upload` is the recorded one that it ends. Throws layerMismatch. */
export async function tryKnownLayer(
  call: OciCall,
  repository: Repository,
  digest: Digest,
  upload?: Upload,
): Promise<boolean> {
  const { core, request } = call;
  const length = bodyLength(request);
  if (length === undefined || length < worthLooking || header(request, 'content-range') !== undefined) return false;
  if (upload && (await uploadOffset(core, repository, upload)) !== 0) return false;
  const known = await readableElsewhere(call, repository, digest);
  if (!known) return false;
  const target = { repository, upload: upload && { id: upload.id, expiresAt: await touchUpload(core, upload) } };
  if (known.layer.size !== length) {
    return refuseKnownLayer(core, target, `The layer has ${known.layer.size} bytes, the content ${length}.`);
  }
  return receiveKnownLayer(core, known, target, bodyOf(request));
}
