// Pouring a stream into a file: pieces are copied into large buffers, and (unless there are many) the next one is filled and
// hashed while the last is on its way to the disk. Copying costs less than keeping: a piece's memory is used again at once, and what V8 needs for each
// piece does not grow old with the write, which would fill the heap between two of its major collections.
import { write } from 'node:fs';
import type { Hash } from 'node:crypto';
import { createEarlySync, type EarlySync, type SyncSlots } from './early-sync.ts';
import { type Drained, drain } from './drain.ts';
import type { OpenFile } from './upload-file.ts';

export interface PourOptions {
  readonly file: Pick<OpenFile, 'fd' | 'datasync'>;
  /** Where in the file the stream's first byte goes. */
  readonly position: number;
  readonly hash: Hash | undefined;
  /** Size of the file that must not be passed. */
  readonly maxBytes: number;
  /** How many bytes to gather before a write. */
  readonly gatherBytes: () => number;
  /** Whether the next buffer is filled while the last is written: among many streams the others have that time. */
  readonly fillAhead: () => boolean;
  readonly syncSlots: SyncSlots;
  /** Free each piece's memory as soon as it is copied. */
  readonly freePieces: boolean;
  readonly signal: AbortSignal | undefined;
  readonly refusal: () => Error | undefined;
}

export interface Poured {
  /** The size of the file now. */
  readonly end: number;
  readonly failure: Drained;
}

/** The first buffer: most uploads are small. */
const firstBytes = 64 * 1024;

/**
 * Writes everything that the source gives, and what it gave before it failed. A failing *write* is thrown; then the file and
 * the hash are in an unknown state.
 */
export async function pour(source: AsyncIterable<Uint8Array>, options: PourOptions): Promise<Poured> {
  const early = createEarlySync(options.file, options.position, options.syncSlots);
  const writer = createGatheringWriter(options, early);
  let failure: Poured['failure'];
  try {
    failure = await drain(source, options, (piece) => writer.add(piece));
    await writer.end();
  } finally {
    await writer.free();
    await early.end();
  }
  return { end: writer.position(), failure };
}

interface GatheringWriter {
  /** Takes a piece; waits only if the write before is not done. */
  add(piece: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Gives the buffers back, when nothing is written any more. */
  free(): Promise<void>;
  /** The end of what was given. */
  position(): number;
}

function createGatheringWriter(options: PourOptions, early: EarlySync): GatheringWriter {
  const { file, freePieces, gatherBytes, fillAhead } = options;
  let filling: Buffer | undefined;
  let filled = 0;
  let written: Buffer | undefined;
  let spare: Buffer | undefined;
  let position = options.position;
  let inFlight: Promise<void> = Promise.resolve();

  /** A buffer of the size that is right now: with each upload that begins, all others have less. */
  function take(): Buffer {
    const wanted = position === options.position ? firstBytes : gatherBytes();
    const held = spare;
    spare = undefined;
    if (held?.length === wanted) return held;
    if (held) freeMemory(held);
    return Buffer.allocUnsafeSlow(wanted);
  }

  async function flush(buffer: Buffer): Promise<void> {
    await inFlight;
    spare = written;
    written = buffer;
    const at = position;
    position += filled;
    inFlight = writeAll(file, buffer.subarray(0, filled), at);
    // The error surfaces at the next `await inFlight`; until then it must not count as unhandled.
    inFlight.catch(() => undefined);
    early.wrote(inFlight, position);
    filling = undefined;
    filled = 0;
    if (fillAhead()) return;
    await inFlight;
    if (spare) freeMemory(spare);
    [spare, written] = [written, undefined];
  }

  return {
    async add(piece) {
      let copied = 0;
      while (copied < piece.length) {
        filling ??= take();
        const part = piece.subarray(copied, copied + filling.length - filled);
        filling.set(part, filled);
        filled += part.length;
        copied += part.length;
        if (filled === filling.length) await flush(filling);
      }
      if (freePieces) freeMemory(piece);
    },
    async end() {
      if (filling && filled > 0) await flush(filling);
      await inFlight;
    },
    async free() {
      await inFlight.catch(() => undefined);
      for (const buffer of [filling, written, spare]) if (buffer) freeMemory(buffer);
    },
    position: () => position,
  };
}

/** A write may be short, for instance when the disk is nearly full. */
async function writeAll(file: Pick<OpenFile, 'fd'>, bytes: Buffer, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += await writeSome(file, bytes, done, start + done);
}

/** What `FileHandle.write` does, with a third of the objects that live as long as the write. */
function writeSome(file: Pick<OpenFile, 'fd'>, bytes: Buffer, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file.fd, bytes, from, bytes.length - from, position, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}

/**
 * Gives the memory of a piece back at once. Left to garbage collection, the pieces of a body (64 KiB each, outside of the
 * heap) make V8 mark the whole heap every few hundred of them, which costs more than hashing and writing them.
 */
export function freeMemory(piece: Uint8Array): void {
  const { buffer, byteLength } = piece;
  // Smaller views may share their memory with others (Node's pool).
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !buffer.detached) buffer.transfer(0);
}
