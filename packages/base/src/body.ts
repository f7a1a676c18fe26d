// Reading bounded request bodies: each bounded in size and time, and all that are being held bounded together, so that
// many large requests at once cannot fill the memory.
import type { IncomingMessage } from 'node:http';

export type BodyOutcome =
  | { readonly kind: 'read'; readonly body: Uint8Array; release(): void }
  | { readonly kind: 'too-large' | 'busy' | 'too-slow' };

export interface BodyReader {
  /**
   * The whole body. `too-large`: longer than `limit` bytes; `busy`: no memory left for it now; `too-slow`: not here in
   * time; in these cases the rest is not read. The caller calls `release` when it no longer needs the bytes.
   * Rejects if the client goes away.
   */
  read(request: IncomingMessage, limit: number): Promise<BodyOutcome>;
}

export interface BodyReaderOptions {
  /** Bytes of all bodies held at once. */
  readonly totalBytes: number;
  readonly timeoutMs: number;
  /** A body is not refused for what others hold until it is longer than this: who fills the memory keeps out nobody else. */
  readonly smallBytes?: number;
}

export function bodyReader({ totalBytes, timeoutMs, smallBytes = 0 }: BodyReaderOptions): BodyReader {
  let held = 0;
  return {
    async read(request, limit) {
      if (Number(request.headers['content-length'] ?? 0) > limit) return { kind: 'too-large' };
      const chunks: Buffer[] = [];
      let length = 0;
      const release = () => {
        held -= length;
        length = 0;
      };
      const take = (chunk: Buffer): Refused | undefined => {
        length += chunk.length;
        held += chunk.length;
        chunks.push(chunk);
        if (length > limit) return 'too-large';
        return held > totalBytes && length > smallBytes ? 'busy' : undefined;
      };
      const slow = setTimeout(() => request.destroy(new BodyTimeout()), timeoutMs);
      try {
        const refused = await readAll(request, take);
        if (refused !== undefined) {
          release();
          return { kind: refused };
        }
      } catch (error) {
        release();
        if (error instanceof BodyTimeout) return { kind: 'too-slow' };
        throw error;
      } finally {
        clearTimeout(slow);
      }
      return {
        kind: 'read',
        body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length),
        release,
      };
    },
  };
}

type Refused = 'too-large' | 'busy';

/**
 * Hands each chunk to `take` until the end, or until it refuses one; the rest is not read. Rejects if the client goes away.
 * Listeners, not an iterator: that would be a large part of what a small request costs.
 */
function readAll(request: IncomingMessage, take: (chunk: Buffer) => Refused | undefined): Promise<Refused | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => finish(() => resolve(undefined));
    const fail = (error: Error) => finish(() => reject(error));
    const close = () => fail(request.errored ?? new Error('The client went away before the end of its request.'));
    const data = (chunk: Buffer) => {
      const refused = take(chunk);
      if (refused !== undefined) finish(() => resolve(refused));
    };
    function finish(settle: () => void): void {
      request.off('data', data).off('end', end).off('error', fail).off('close', close);
      // What comes after a refusal waits unread.
      request.pause();
      settle();
    }
    if (request.destroyed) return close();
    request.on('data', data).on('end', end).on('error', fail).on('close', close);
  });
}

class BodyTimeout extends Error {}
