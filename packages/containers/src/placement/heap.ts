// A binary heap of small whole numbers (places in a list) that knows where each of them is, so that one that changed can
// be moved or taken out. All in O(log n).

export interface IndexedHeap {
  readonly size: () => number;
  /** The least, or -1. */
  top(): number;
  /** Puts it in, or moves it after what orders it changed. */
  put(item: number): void;
  /** Takes it out, if it is in. */
  drop(item: number): void;
}

/** `places[item]` must be the item's place in this heap or -1; heaps that share no item may share the array. */
export function indexedHeap(before: (a: number, b: number) => boolean, places: number[]): IndexedHeap {
  const items: number[] = [];

  function set(place: number, item: number): void {
    items[place] = item;
    places[item] = place;
  }

  function up(item: number, from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = items[parent] as number;
      if (!before(item, above)) break;
      set(place, above);
      place = parent;
    }
    return place;
  }

  function down(item: number, from: number): number {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as number, items[child] as number)) child += 1;
      const below = items[child] as number;
      if (!before(below, item)) break;
      set(place, below);
      place = child;
    }
    return place;
  }

  function settle(item: number, place: number): void {
    set(down(item, up(item, place)), item);
  }

  return {
    size: () => items.length,
    top: () => items[0] ?? -1,
    put(item) {
      const known = places[item] ?? -1;
      settle(item, known >= 0 ? known : items.push(item) - 1);
    },
    drop(item) {
      const place = places[item] ?? -1;
      if (place < 0) return;
      places[item] = -1;
      const last = items.pop() as number;
      if (last !== item) settle(last, place);
    },
  };
}
