// Virtual time: a queue of what is to happen, taken one after the other. Between two events everything that the code under
// test can do without waiting is done to its end, so the same seed gives the same order always.

export interface Schedule {
  /** Milliseconds since the epoch, in the world's own time. */
  now(): number;
  /** Does `act` after `ms`; the answer takes it back. */
  after(ms: number, act: () => void): () => void;
  /** How many events have happened. */
  events(): number;
  /** Lets things happen until `done` says so (asked after each event), or `until` is reached, or nothing is left. */
  run(until: number, done: () => boolean): Promise<void>;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  act: (() => void) | undefined;
}

const before = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!before(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
    if (!before(heap[child] as Entry, last)) break;
    heap[at] = heap[child] as Entry;
    at = child;
  }
  heap[at] = last;
  return first;
}

/** Events for each turn of the event loop. Between two immediates of one turn Node runs all continuations of promises. */
const eventsPerTurn = 100;

/** Calls `next` until it answers false. Before each call everything that does not wait for an event has been done. */
function repeat(next: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = false;
    let queued = 0;
    const queue = () => {
      for (; queued < eventsPerTurn; queued++) setImmediate(turn);
    };
    const turn = () => {
      queued -= 1;
      if (over) return;
      try {
        over = !next();
      } catch (error) {
        over = true;
        reject(error as Error);
      }
      if (over) resolve();
      else if (queued === 0) queue();
    };
    queue();
  });
}

export function createSchedule(startsAt: number): Schedule {
  const heap: Entry[] = [];
  let now = startsAt;
  let order = 0;
  let happened = 0;
  return {
    now: () => now,
    after(ms, act) {
      const entry: Entry = { at: now + Math.max(0, ms), order: order++, act };
      push(heap, entry);
      return () => {
        entry.act = undefined;
      };
    },
    events: () => happened,
    run: (until, done) =>
      repeat(() => {
        if (done()) return false;
        let entry = pop(heap);
        while (entry !== undefined && entry.act === undefined) entry = pop(heap);
        if (entry === undefined) return false;
        if (entry.at > until) {
          push(heap, entry);
          now = until;
          return false;
        }
        now = entry.at;
        happened += 1;
        entry.act?.();
        return true;
      }),
  };
}
