// Buffers for copying, shared by all copies of a store so that memory stays bounded however many run. Nobody ever waits for
// one: when the large ones are all lent, later copies get small ones of their own, because a slow client may keep a
// buffer for as long as it likes.

/** Two buffers: one is filled while the other is emptied. */
export interface BufferPair {
  readonly buffers: readonly [Buffer, Buffer];
  /** Gives them back; the holder must not touch them again. */
  release(): void;
}

export interface BufferPool {
  lease(): BufferPair;
}

export interface BufferPoolOptions {
  /** Size of each large buffer. */
  readonly largeBytes: number;
  /** How many pairs of large buffers may be lent at once, and how many are kept when idle. */
  readonly largePairs: number;
  readonly idlePairs: number;
  readonly smallBytes: number;
}

/** 256 KiB is where the cost of a call to the thread pool stops to matter. At most 32 MiB are lent, and 4 MiB kept. */
const defaults: BufferPoolOptions = { largeBytes: 256 * 1024, largePairs: 64, idlePairs: 8, smallBytes: 32 * 1024 };

type Pair = readonly [Buffer, Buffer];

export function createBufferPool(options: BufferPoolOptions = defaults): BufferPool {
  const idle: Pair[] = [];
  let lent = 0;

  function leaseLarge(): BufferPair {
    const buffers = idle.pop() ?? makePair(options.largeBytes);
    let held = true;
    lent += 1;
    return {
      buffers,
      release() {
        if (!held) return;
        held = false;
        lent -= 1;
        if (idle.length < options.idlePairs) idle.push(buffers);
      },
    };
  }

  return {
    lease() {
      if (lent < options.largePairs) return leaseLarge();
      return { buffers: makePair(options.smallBytes), release: () => undefined };
    },
  };
}

function makePair(bytes: number): Pair {
  return [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
}
