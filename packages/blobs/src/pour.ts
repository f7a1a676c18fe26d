// Pouring a stream into a file: pieces are gathered into large writes, and the next ones are hashed while the last write is
// on its way to the disk.
import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { createEarlySync, type EarlySync, type SyncSlots } from './early-sync.ts';
import { type Drained, drain } from './drain.ts';

export interface PourOptions {
  readonly file: FileHandle;
  /** Where in the file the stream's first byte goes. */
  readonly position: number;
  readonly hash: Hash | undefined;
  /** Size of the file that must not be passed. */
  readonly maxBytes: number;
  /** How many bytes to gather before a write; at most twice as many are in memory. */
  readonly gatherBytes: () => number;
  readonly syncSlots: SyncSlots;
  /** Free each piece's memory as soon as it is written. */
  readonly freePieces: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface Poured {
  /** The size of the file now. */
  readonly end: number;
  readonly failure: Drained;
}

/** Bounds the bookkeeping when a client sends very small pieces. */
const gatherPieces = 256;

/**
 * Writes everything that the source gives, and what it gave before it failed. A failing *write* is thrown; then the file and
 * the hash are in an unknown state.
 */
export async function pour(source: AsyncIterable<Uint8Array>, options: PourOptions): Promise<Poured> {
  const early = createEarlySync(options.file, options.position, options.syncSlots);
  const writer = createGatheringWriter(options, early);
  let failure: Poured['failure'];
  try {
    failure = await drain(source, options, (piece) => writer.add(piece, options.gatherBytes()));
    await writer.end();
  } finally {
    await early.end();
  }
  return { end: writer.position(), failure };
}

interface GatheringWriter {
  /** Takes a piece, which must not change until it is written; waits only if the write before is not done. */
  add(piece: Uint8Array, gatherBytes: number): Promise<void>;
  end(): Promise<void>;
  /** The end of what was given. */
  position(): number;
}

function createGatheringWriter(options: PourOptions, early: EarlySync): GatheringWriter {
  const { file, freePieces } = options;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let position = options.position;
  let inFlight: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await inFlight;
    const pieces = gathered;
    const at = position;
    position += gatheredBytes;
    gathered = [];
    gatheredBytes = 0;
    inFlight = writeAll(file, pieces, at);
    if (freePieces) inFlight = inFlight.then(() => pieces.forEach(freeMemory));
    // The error surfaces at the next `await inFlight`; until then it must not count as unhandled.
    inFlight.catch(() => undefined);
    early.wrote(inFlight, position);
  }

  return {
    async add(piece, gatherBytes) {
      if (piece.length === 0) return;
      gathered.push(piece);
      gatheredBytes += piece.length;
      if (gatheredBytes >= gatherBytes || gathered.length >= gatherPieces) await flush();
    },
    async end() {
      if (gathered.length > 0) await flush();
      await inFlight;
    },
    position: () => position,
  };
}

async function writeAll(file: FileHandle, pieces: Uint8Array[], start: number): Promise<void> {
  let rest = pieces;
  let position = start;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, position);
    position += bytesWritten;
    rest = dropBytes(rest, bytesWritten);
  }
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

/** The pieces without their first `count` bytes: a write may be short, for instance when the disk is nearly full. */
function dropBytes(pieces: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  while (index < pieces.length && left >= (pieces[index]?.length ?? 0)) {
    left -= pieces[index]?.length ?? 0;
    index += 1;
  }
  const rest = pieces.slice(index);
  if (left > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(left);
  return rest;
}
