// Taking a stream to its end, or to where it fails, piece by piece: hashed, bounded, and given up when the signal fires.
import type { Hash } from 'node:crypto';
import { BlobTooLargeError } from './errors.ts';

export interface DrainOptions {
  /** How many bytes came before the first of this stream. */
  readonly position: number;
  /** Of everything, what came before included, that must not be passed. */
  readonly maxBytes: number;
  readonly hash: Hash | undefined;
  readonly signal: AbortSignal | undefined;
  /** Why nothing more is wanted, asked before each piece; undefined as long as it is. */
  readonly refusal: () => Error | undefined;
}

/** Why a stream was not taken to its end: the source's own error, the signal's reason, the refusal, or `BlobTooLargeError`. */
export type Drained = { readonly error: unknown } | undefined;

/** Gives each piece to `add`. What `add` throws is thrown; then the hash is in an unknown state. */
export async function drain(
  source: AsyncIterable<Uint8Array>,
  options: DrainOptions,
  add: (piece: Uint8Array) => Promise<void>,
): Promise<Drained> {
  const pieces = interruptible(source[Symbol.asyncIterator](), options.signal);
  let room = options.maxBytes - options.position;
  while (true) {
    let piece: Uint8Array;
    try {
      const next = await pieces.next();
      if (next.done) return undefined;
      piece = next.value;
    } catch (error) {
      pieces.abandon();
      return { error };
    }
    const refusal = options.refusal();
    if (refusal) {
      pieces.abandon();
      return { error: refusal };
    }
    const fits = piece.length <= room ? piece : piece.subarray(0, Math.max(0, room));
    room -= fits.length;
    options.hash?.update(fits);
    try {
      await add(fits);
    } catch (error) {
      pieces.abandon();
      throw error;
    }
    if (fits.length < piece.length) {
      pieces.abandon();
      return { error: new BlobTooLargeError(options.maxBytes) };
    }
  }
}

interface InterruptibleIterator {
  next(): Promise<IteratorResult<Uint8Array>>;
  /** Ends the source without waiting for it. */
  abandon(): void;
}

/** An iterator whose `next` rejects with the signal's reason when it fires, even while the source is silent. */
function interruptible(source: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined): InterruptibleIterator {
  const abandon = () => {
    source.return?.().catch(() => undefined);
  };
  if (signal === undefined) return { next: () => source.next(), abandon };
  return {
    abandon,
    // A listener for each piece, not one promise raced for all: that would keep every piece's reaction until the end.
    next: () =>
      new Promise((resolve, reject) => {
        const interrupt = () => reject(signal.reason);
        if (signal.aborted) return interrupt();
        signal.addEventListener('abort', interrupt, { once: true });
        source
          .next()
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', interrupt));
      }),
  };
}
