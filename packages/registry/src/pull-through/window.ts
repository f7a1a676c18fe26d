// A layer on its way: one writer, many readers at their own pace, and a bounded memory. A reader that falls out of the
// window is told so and reads on from the store when the layer is there; it holds up nobody. The newest chunk is withheld
// until the digest is verified, so that nobody is ever given the whole of a layer that is not what it says.

interface Piece {
  /** Where it begins. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** `end`: all was read. `behind`: what comes next is in the window no more. */
export type WindowRead = Uint8Array | 'end' | 'behind';

export interface LiveWindow {
  push(bytes: Uint8Array): void;
  /** The layer is verified and stored. */
  finish(): void;
  fail(error: unknown): void;
  /** What comes at `position`, when it is there. Rejects with what the writer failed with. */
  read(position: number): Promise<WindowRead>;
}

export function createWindow(mostBytes: number): LiveWindow {
  const pieces: Piece[] = [];
  let held = 0;
  let end = 0;
  let state: 'open' | 'finished' | { readonly error: unknown } = 'open';
  let changed = Promise.withResolvers<void>();

  function wake(): void {
    changed.resolve();
    changed = Promise.withResolvers();
  }

  /** Where readers may read up to. */
  function released(): number {
    if (state === 'finished') return end;
    return pieces.at(-1)?.at ?? end;
  }

  function find(position: number): Uint8Array | 'behind' {
    const first = pieces[0];
    if (!first || position < first.at) return 'behind';
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pieces[middle]?.at ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    const piece = pieces[low];
    return piece ? piece.bytes.subarray(position - piece.at) : 'behind';
  }

  return {
    push(bytes) {
      if (bytes.length === 0) return;
      pieces.push({ at: end, bytes });
      end += bytes.length;
      held += bytes.length;
      while (held > mostBytes && pieces.length > 1) held -= pieces.shift()?.bytes.length ?? 0;
      wake();
    },
    finish() {
      state = 'finished';
      wake();
    },
    fail(error) {
      state = { error };
      wake();
    },
    async read(position) {
      for (;;) {
        if (typeof state === 'object') throw state.error;
        if (position < released()) return find(position);
        if (state === 'finished') return 'end';
        await changed.promise;
      }
    },
  };
}
