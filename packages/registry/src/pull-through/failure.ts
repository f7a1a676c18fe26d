// What can go wrong at an upstream, before it is told to the client in the words of its protocol.
import { RegistryError } from '../errors.ts';
import { OciFailure } from '../oci/respond.ts';

export type UpstreamFault = 'absent' | 'denied' | 'busy' | 'unavailable' | 'refused' | 'secret';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly fault: UpstreamFault;
  /** Seconds; with `busy`. */
  readonly retryAfter: number | undefined;

  constructor(fault: UpstreamFault, message: string, retryAfter?: number) {
    super(message);
    this.fault = fault;
    this.retryAfter = retryAfter;
  }
}

/** The failure as the registry tells it; what is no `UpstreamError` as it is. */
export function toRegistryError(error: unknown, what: 'image' | 'layer'): unknown {
  if (!(error instanceof UpstreamError)) return error;
  const { fault, message, retryAfter } = error;
  if (fault === 'absent') return new RegistryError(what === 'image' ? 'manifestUnknown' : 'blobUnknown', message);
  if (fault === 'denied') return new RegistryError('upstreamDenied', message);
  if (fault === 'secret') return new RegistryError('secretUnreadable', message);
  if (fault === 'busy') {
    return new OciFailure(new RegistryError('upstreamBusy', message), { 'retry-after': retryAfter ?? 1 });
  }
  return new RegistryError(what === 'image' ? 'upstreamImage' : 'upstreamLayer', message);
}
