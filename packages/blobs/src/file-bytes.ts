// An open file as what bytes are read from, wherever they are nearest: in the kernel's memory, else on the disk.
import type { CachedRead } from './page-cache.ts';

export interface FileBytes {
  readonly descriptor: number;
  /** Fills `buffer` from `position`. Throws if the file ends before. */
  fill(buffer: Buffer, position: number): Promise<void>;
}

/** After so many bytes out of memory one read goes to the thread pool all the same: the event loop gets its turn. */
const mostAtOnce = 8 * 1024 * 1024;

/** What is used of a `FileHandle`. */
export interface ReadableFile {
  readonly fd: number;
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

export function fileBytes(file: ReadableFile, cached?: CachedRead): FileBytes {
  let atOnce = 0;

  function fillAtOnce(buffer: Buffer, position: number): number {
    const read = cached && atOnce < mostAtOnce ? cached(file.fd, buffer, position) : 0;
    atOnce = read === 0 ? 0 : atOnce + read;
    return read;
  }

  return {
    descriptor: file.fd,
    async fill(buffer, position) {
      let done = fillAtOnce(buffer, position);
      while (done < buffer.length) {
        const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
        if (bytesRead === 0) throw new Error(`The file ends at byte ${position + done}, before the range asked for`);
        done += bytesRead;
      }
    },
  };
}
