// The copy loop: from an open file into a sink, reading the next piece while the last one is written. Faster than a Node read
// stream (no queue, no new buffer for each piece) and with a fixed memory of two buffers.
import type { BufferPool } from './buffers.ts';
import type { FileBytes } from './file-bytes.ts';
import type { ByteSink } from './types.ts';

/** Blobs up to this size are read in one call. */
const smallBytes = 64 * 1024;

/** From this size on a sink may take the file itself. */
const largeBytes = 512 * 1024;

/** Copies `length` bytes from byte `first` of `file`. Throws if the file is shorter, or whatever the sink throws. */
export async function copyBytes(
  file: FileBytes,
  sink: ByteSink,
  pool: BufferPool,
  first: number,
  length: number,
): Promise<void> {
  if (length === 0) return;
  if (length <= smallBytes) {
    const buffer = Buffer.allocUnsafe(length);
    await file.fill(buffer, first);
    return sink.write(buffer);
  }
  if (sink.takeFile && length >= largeBytes) return sink.takeFile(file, first, length);
  const lease = pool.lease();
  try {
    await copyLarge(file, sink, lease.buffers, first, length);
  } finally {
    lease.release();
  }
}

async function copyLarge(
  file: FileBytes,
  sink: ByteSink,
  buffers: readonly [Buffer, Buffer],
  first: number,
  length: number,
): Promise<void> {
  const end = first + length;
  const piece = (buffer: Buffer, from: number) => buffer.subarray(0, Math.min(buffer.length, end - from));
  let position = first;
  let [current, other] = buffers;
  let filled = piece(current, position);
  await file.fill(filled, position);
  while (true) {
    position += filled.length;
    if (position >= end) return sink.write(filled);
    const next = piece(other, position);
    // Both must have settled before a buffer is given back, so a failure of one waits for the other.
    const [read, written] = await Promise.allSettled([file.fill(next, position), sink.write(filled)]);
    if (written.status === 'rejected') throw written.reason;
    if (read.status === 'rejected') throw read.reason;
    [current, other] = [other, current];
    filled = next;
  }
}
