// A request that changes something is carried out once. Its signature is claimed, durably, before it runs.
import type { Clock, Logger } from '@longshore/base';
import { WireError } from './errors.ts';
import type { VerifiedRequest } from './sigv4/verifier.ts';
import type { ReplayGuard } from './types.ts';

/** Claims outlive their signatures by this much, for replicas whose clocks differ. */
const marginMs = 60_000;

/**
 * Claims the signature or throws. Signatures count whole seconds, and several clients sign nothing that is unique, so two
 * honest calls of one second can be equal. They cannot be told from a replay; but the refusal is kept back until that second
 * has passed and is one that SDKs retry, so that an honest client's next try is signed differently.
 */
export async function claimOnce(guard: ReplayGuard, clock: Clock, request: VerifiedRequest): Promise<void> {
  if (await guard.claim(request.signature, request.expiresAt + marginMs)) return;
  const left = request.signedAt + 1000 - clock.now();
  if (left > 0 && left <= 1000) await clock.sleep(left);
  throw new WireError('replayed', 'A request with this signature was already carried out. Sign it again to repeat it.');
}

/** Gives a claim back after a failure. A guard that fails too only costs the client a retry, so that is logged. */
export async function releaseClaim(guard: ReplayGuard, log: Logger, request: VerifiedRequest): Promise<void> {
  try {
    await guard.release(request.signature);
  } catch (error) {
    log.warn({ err: error }, 'a replay claim could not be released');
  }
}
