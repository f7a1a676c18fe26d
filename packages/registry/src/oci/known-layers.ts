// A whole layer that arrives although the caller can read it in another repository of the account: its bytes are verified as
// they come, but not written again; then it is linked, as a mount would. What the caller may not read is received like any
// other, so that time tells nobody of it.
import { type Digest, digestAlgorithm } from '@longshore/base';
import { RegistryError } from '../errors.ts';
import { mountLayer } from '../layers.ts';
import { verifyBytes } from '../receive.ts';
import type { Repository } from '../repositories.ts';
import { cancelUpload, touchUpload, type Upload, uploadOffset } from '../uploads.ts';
import { bodyLength, bodyOf, header, type OciCall } from './call.ts';
import { readableElsewhere } from './mounts.ts';

/** Smaller ones are written sooner than another place is looked for. */
const worthLooking = 256 * 1024;

/** Whether the body, all of the upload, was taken this way. Throws layerMismatch. */
export async function tryKnownLayer(
  call: OciCall,
  repository: Repository,
  upload: Upload,
  digest: Digest,
): Promise<boolean> {
  const { core, request } = call;
  const length = bodyLength(request);
  if (length === undefined || length < worthLooking || header(request, 'content-range') !== undefined) return false;
  if ((await uploadOffset(core, repository, upload)) !== 0) return false;
  const known = await readableElsewhere(call, repository, digest);
  if (known?.layer.size !== length) return false;
  // Bytes that were lost come back with a push.
  if ((await core.blobs.size(known.layer.stored)) === undefined) return false;
  const recorded = { id: upload.id, expiresAt: await touchUpload(core, upload) };
  const actual = await verifyBytes(core, bodyOf(request), digestAlgorithm(digest), recorded);
  if (actual !== digest) {
    await cancelUpload(core, upload.id);
    throw new RegistryError('layerMismatch', `The content has digest ${actual}.`);
  }
  // Collection may have taken it meanwhile: the client sends it again, and then it is stored.
  if (!(await mountLayer(core, known.repository, repository, digest, known.layer))) {
    throw new RegistryError('layerBeingRemoved');
  }
  await cancelUpload(core, upload.id);
  return true;
}
