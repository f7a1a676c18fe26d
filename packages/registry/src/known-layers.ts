// A whole layer that arrives although the caller can read it in another repository: its bytes are verified as they come, but
// not written again; then the blob that is stored is linked.
import { type Digest, digestAlgorithm, errorText } from '@longshore/base';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import { holdLayer, type Layer, linkHeldLayer } from './layers.ts';
import { translateBlobError, verifyBytes } from './receive.ts';
import type { Repository } from './repository.ts';
import { cancelUpload, forgetUploadStep, type Upload } from './uploads.ts';

/** A layer that is not sealed, in a repository where the caller may read it. */
export interface KnownLayer {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly layer: Layer;
}

/** Where the body goes, and the upload that it ends, if there is a recorded one; nothing was appended to it. */
export interface KnownTarget {
  readonly repository: Repository;
  readonly upload: Pick<Upload, 'id' | 'expiresAt'> | undefined;
}

/**
 * Takes `source` to its end and links the layer. False if its bytes are not there to be linked; then nothing was read. The blob is
 * held from before the first byte until the link, so collection cannot have taken it by then. Throws layerMismatch, which ends
 * the upload; after any other failure it is as it was.
 */
export function receiveKnownLayer(
  core: Core,
  { repository, digest, layer }: KnownLayer,
  target: KnownTarget,
  source: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  return core.holds.during(layer.stored, async () => {
    if (!(await holdLayer(core, repository, digest, layer))) return false;
    // Bytes that were lost come back with a push.
    if ((await core.blobs.size(layer.stored)) !== layer.size) return false;
    const actual = await verifyBytes(core, source, digestAlgorithm(digest), target.upload);
    if (actual !== digest) {
      return refuseKnownLayer(core, target, `The content has digest ${actual}.`);
    }
    await linkHeldLayer(
      core,
      target.repository,
      digest,
      layer,
      target.upload ? [forgetUploadStep(target.upload.id)] : [],
    );
    if (target.upload) await dropEmpty(core, target.upload.id);
    return true;
  });
}

/** Ends the upload, as a wrong digest does. */
export async function refuseKnownLayer(core: Core, { upload }: KnownTarget, why: string): Promise<never> {
  if (upload) await cancelUpload(core, upload.id);
  throw new RegistryError('layerMismatch', why);
}

/** The layer is linked and acknowledged, and the upload's record gone. */
async function dropEmpty(core: Core, id: string): Promise<void> {
  await core.blobs.cancel(id).catch((error: unknown) => {
    core.log.warn({ upload: id, reason: errorText(translateBlobError(error)) }, 'an empty upload was not removed');
  });
}
