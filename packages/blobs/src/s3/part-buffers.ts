// Where a part gathers before it is sent: in memory as long as all uploads together keep within a budget, else in a temporary
// file. Nobody ever waits for a slow client to give memory back; only sending, which goes as fast as the store, waits.
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newHexId } from '@longshore/base';

export interface PartBuffer {
  readonly length: number;
  /** Takes a copy of `piece`. */
  add(piece: Uint8Array): Promise<void>;
  /** Lends the bytes to `use`; the memory is given back when it has settled. */
  with<T>(use: (bytes: Uint8Array) => Promise<T>): Promise<T>;
  /** Gives everything back. */
  discard(): Promise<void>;
}

export interface PartBuffers {
  create(): PartBuffer;
  /** Bytes of memory lent now, for tests. */
  lent(): number;
}

export interface PartBuffersOptions {
  readonly partBytes: number;
  /** For all buffers together. */
  readonly memoryBytes?: number;
  /** How many parts may be read back from files at once. */
  readonly loads?: number;
  readonly dir?: string;
}

const leastBytes = 64 * 1024;

export function createPartBuffers(options: PartBuffersOptions): PartBuffers {
  const { partBytes, memoryBytes = 96 * 1024 * 1024, loads = 4, dir = tmpdir() } = options;
  const slots = createSlots(loads);
  let lent = 0;

  function create(): PartBuffer {
    let memory: Buffer | undefined;
    let file: FileHandle | undefined;
    let length = 0;

    function give(): void {
      lent -= memory?.length ?? 0;
      memory = undefined;
    }

    /** Memory for `wanted` bytes; false if the budget is spent. */
    function grow(wanted: number): boolean {
      const held = memory?.length ?? 0;
      if (wanted <= held) return true;
      const size = Math.min(partBytes, Math.max(leastBytes, 2 ** Math.ceil(Math.log2(wanted))));
      if (lent - held + size > memoryBytes) return false;
      const grown = Buffer.allocUnsafeSlow(Math.max(size, wanted));
      memory?.copy(grown, 0, 0, length);
      lent += grown.length - held;
      memory = grown;
      return true;
    }

    async function spill(): Promise<FileHandle> {
      if (file) return file;
      const path = join(dir, `longshore-part-${newHexId()}`);
      const opened = await open(path, 'wx+', 0o600);
      // Nameless at once: nothing is left of it when the process ends, however it does.
      await unlink(path);
      file = opened;
      if (memory) await opened.write(memory, 0, length, 0);
      give();
      return opened;
    }

    return {
      get length() {
        return length;
      },
      async add(piece) {
        if (file === undefined && grow(length + piece.length)) {
          memory?.set(piece, length);
        } else {
          const spilled = await spill();
          for (let done = 0; done < piece.length; ) {
            done += (await spilled.write(piece, done, piece.length - done, length + done)).bytesWritten;
          }
        }
        length += piece.length;
      },
      async with(use) {
        const from = file;
        if (from === undefined) return use(memory?.subarray(0, length) ?? new Uint8Array(0));
        return slots.run(async () => {
          const bytes = Buffer.allocUnsafeSlow(length);
          for (let done = 0; done < length; ) {
            const { bytesRead } = await from.read(bytes, done, length - done, done);
            if (bytesRead === 0) throw new Error('A temporary file is shorter than what was written to it');
            done += bytesRead;
          }
          return use(bytes);
        });
      },
      async discard() {
        give();
        length = 0;
        const open = file;
        file = undefined;
        await open?.close();
      },
    };
  }

  return { create, lent: () => lent };
}

interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Runs at most `count` things at once; the others wait in order. */
function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async run(work) {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
