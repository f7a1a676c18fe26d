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
}

export function bodyReader({ totalBytes, timeoutMs }: BodyReaderOptions): BodyReader {
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
      const slow = setTimeout(() => request.destroy(new BodyTimeout()), timeoutMs);
      try {
        for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          length += chunk.length;
          held += chunk.length;
          const refused = length > limit ? 'too-large' : held > totalBytes ? 'busy' : undefined;
          if (refused) {
            release();
            return { kind: refused };
          }
          chunks.push(chunk);
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

class BodyTimeout extends Error {}
