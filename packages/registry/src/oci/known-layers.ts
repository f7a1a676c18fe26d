// Whether the body of a request is a layer that the caller can read already (../known-layers.ts), or that is just arriving where the
// caller can read it (../arrivals.ts). What the caller may not read is received like any other, so that time tells nobody of it.
import type { Digest } from '@longshore/base';
import { waitForArrival } from '../arrivals.ts';
import { receiveKnownLayer, refuseKnownLayer } from '../known-layers.ts';
import type { Repository } from '../repository.ts';
import { touchUpload, type Upload, uploadOffset } from '../uploads.ts';
import { bodyLength, bodyOf, header, type OciCall } from './call.ts';
import { canLinkFrom, mayLink, readableElsewhere } from './mounts.ts';

/** A body that is to be a whole layer. */
interface Arriving {
  readonly repository: Repository;
  readonly digest: Digest;
  /** The recorded upload that it ends, if there is one. */
  readonly upload?: Upload;
}

/** Receives a layer: by `write`, unless its bytes need only be verified. Throws layerMismatch, and whatever `write` does. */
export async function receiveUnlessKnown(call: OciCall, arriving: Arriving, write: () => Promise<void>): Promise<void> {
  const { core, request } = call;
  const { repository, digest } = arriving;
  const length = bodyLength(request);
  if (length === undefined || length === 0 || header(request, 'content-range') !== undefined) return write();
  if (!(await mayLink(call, repository))) return write();
  const other = core.arrivals.find(repository.account, digest);
  if (other && (await canLinkFrom(call, other.repository))) await waitForArrival(core.clock, other);
  const arrival = core.arrivals.begin(repository, digest);
  try {
    if (!(await tryKnownLayer(call, arriving, length, () => arrival?.end()))) await write();
  } finally {
    arrival?.end();
  }
}

/** Whether the body was taken this way. `found` is called as soon as nobody need wait for it. */
async function tryKnownLayer(
  call: OciCall,
  { repository, digest, upload }: Arriving,
  length: number,
  found: () => void,
): Promise<boolean> {
  const { core, request } = call;
  if (upload && (await uploadOffset(core, repository, upload)) !== 0) return false;
  const known = await readableElsewhere(call, digest);
  if (!known) return false;
  found();
  const target = { repository, upload: upload && { id: upload.id, expiresAt: await touchUpload(core, upload) } };
  if (known.layer.size !== length) {
    return refuseKnownLayer(core, target, `The layer has ${known.layer.size} bytes, the content ${length}.`);
  }
  return receiveKnownLayer(core, known, target, bodyOf(request));
}
