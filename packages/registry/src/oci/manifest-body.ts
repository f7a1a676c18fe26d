// The body of a manifest that is put: in memory as a whole, so all of them together are bounded, in bytes and in time.
import { type BodyReader, bodyReader } from '@longshore/base';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { OciCall } from './call.ts';
import { ClientGoneError } from './response-sink.ts';

const MiB = 1024 * 1024;

/** Hundreds of usual manifests at once; those of many clients that send megabytes and stall are not all held. */
export function manifestBodies(): BodyReader {
  return bodyReader({ totalBytes: 128 * MiB, smallBytes: 64 * 1024, timeoutMs: 60_000 });
}

/** Gives the body to `work`. Throws manifestTooLarge or manifestsBusy. */
export async function withManifestBody<T>(
  { core, request }: Pick<OciCall, 'core' | 'request'>,
  work: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const outcome = await core.manifestBodies.read(request, limits.manifestBytes);
  if (outcome.kind === 'read') {
    try {
      return await work(outcome.body);
    } finally {
      outcome.release();
    }
  }
  if (outcome.kind === 'too-slow') throw new ClientGoneError();
  throw new RegistryError(outcome.kind === 'busy' ? 'manifestsBusy' : 'manifestTooLarge');
}
