// The feasible instances of a cluster in the order of preference for one kind of task: demand, constraints, group and
// strategies. It is kept current by what changed since it was last asked, so that a decision costs O(log n).
//
// The cost of an instance is a list, one number a strategy, compared in the strategies' order. A spread over an attribute
// costs all instances with the same value alike; instances are therefore put into cells by their values of those
// attributes, in each cell a heap by the costs that are an instance's own, and the cells are compared by their first.
import { fitting, sameGroup } from './feasible.ts';
import { type IndexedHeap, indexedHeap } from './heap.ts';
import type { Demand, Offer, Rules, Strategy } from './types.ts';
import type { Suits } from './verdicts.ts';

export interface Ranking {
  /** The best instance, or undefined if none can take the task. */
  best(): Offer | undefined;
  /** Takes in that the instance at this place of the list changed. */
  changed(place: number): void;
}

interface Cell {
  /** The numbers of its values, in the order of the attributes. */
  readonly values: readonly number[];
  readonly heap: IndexedHeap;
}

/** The values of an attribute, numbered as they are met, and the tasks of the group on instances with each. */
interface Values {
  readonly numbers: Map<string, number>;
  readonly totals: number[];
}

function isShared(strategy: Strategy): boolean {
  return strategy.type === 'spread' && strategy.field.startsWith('attribute:');
}

function lengthened<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/**
 * `offers[place]` is read anew at each change; undefined where an instance is gone. `versions[place]` is another number, not
 * 0, when its attributes are.
 */
export function ranking(
  offers: readonly (Offer | undefined)[],
  versions: readonly number[],
  suits: Suits,
  demand: Demand,
  rules: Rules,
  random: () => number,
): Ranking {
  const { strategies } = rules;
  const { hasRoom } = fitting(demand, rules);
  const names = strategies.filter(isShared).map((each) => each.field.slice('attribute:'.length));
  const ownStrategies = strategies.filter((each) => !isShared(each));
  const counts = strategies.some((each) => each.type === 'spread');
  const draws = ownStrategies.findIndex((each) => each.type === 'random');
  /** For each strategy its place among those whose cost is shared, or -1 less its place among the others. */
  const order = strategies.map((each) =>
    isShared(each) ? strategies.filter(isShared).indexOf(each) : -1 - ownStrategies.indexOf(each),
  );
  const shared = names.map((): Values => ({ numbers: new Map(), totals: [] }));
  const cells: Cell[] = [];
  const cellOf = new Map<string, number>();
  const width = ownStrategies.length;
  // By place; bare numbers, because there may be millions of them. The version of the attributes that was last seen (0:
  // none), doubled, and one more if they suit; the cell; the tasks of the group as the totals count them; the own costs.
  let room = offers.length;
  let seen = new Int32Array(room);
  let cellAt = new Int32Array(room);
  let groupAt = new Int32Array(room);
  let keys = new Float64Array(room * width);
  const places: number[] = [];
  // A random choice is the next event of independent Poisson processes, one an instance: uniform whatever came before.
  let time = 0;

  function ownCost(i: number, place: number, offer: Offer): number {
    const strategy = ownStrategies[i] as Strategy;
    if (strategy.type === 'spread') return groupAt[place] as number;
    if (strategy.type === 'binpack') return strategy.field === 'cpu' ? offer.cpu : offer.memory;
    const event = keys[place * width + i] as number;
    return event > time ? event : time - Math.log(1 - random());
  }

  function earlier(a: number, b: number): boolean {
    for (let i = 0; i < width; i++) {
      const difference = (keys[a * width + i] as number) - (keys[b * width + i] as number);
      if (difference !== 0) return difference < 0;
    }
    return a < b;
  }

  function totalOf(at: number, cell: Cell): number {
    return (shared[at] as Values).totals[cell.values[at] as number] as number;
  }

  function betterCell(a: number, b: number): boolean {
    const left = cells[a] as Cell;
    const right = cells[b] as Cell;
    const leftTop = left.heap.top();
    const rightTop = right.heap.top();
    for (const at of order) {
      const difference =
        at >= 0
          ? totalOf(at, left) - totalOf(at, right)
          : (keys[leftTop * width - 1 - at] as number) - (keys[rightTop * width - 1 - at] as number);
      if (difference !== 0) return difference < 0;
    }
    return leftTop < rightTop;
  }

  // With one attribute a change touches one cell, and the cells can be a heap; with more, they are looked through.
  const cellHeap = names.length <= 1 ? indexedHeap(betterCell, []) : undefined;

  function numberOf(at: number, value: string): number {
    const { numbers, totals } = shared[at] as Values;
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, totals.length);
    return totals.push(0) - 1;
  }

  function cellFor(offer: Offer): number {
    const values = names.map((name) => offer.attributes.get(name) ?? '');
    const key = values.length === 1 ? (values[0] as string) : JSON.stringify(values);
    const known = cellOf.get(key);
    if (known !== undefined) return known;
    cellOf.set(key, cells.length);
    const numbers = values.map((value, at) => numberOf(at, value));
    return cells.push({ values: numbers, heap: indexedHeap(earlier, places) }) - 1;
  }

  /** Corrects how many tasks of the group are counted at the place. */
  function count(place: number, group: number): void {
    const by = group - (groupAt[place] as number);
    groupAt[place] = group;
    const { values } = cells[cellAt[place] as number] as Cell;
    for (let at = 0; at < values.length; at++) ((shared[at] as Values).totals[values[at] as number] as number) += by;
  }

  function refreshCell(cell: number): void {
    if (cellHeap === undefined) return;
    if ((cells[cell] as Cell).heap.size() > 0) cellHeap.put(cell);
    else cellHeap.drop(cell);
  }

  function leave(place: number): void {
    const cell = cellAt[place] as number;
    count(place, 0);
    (cells[cell] as Cell).heap.drop(place);
    seen[place] = 0;
    refreshCell(cell);
  }

  function meet(place: number, offer: Offer): void {
    seen[place] = ((versions[place] as number) << 1) | (suits(place, offer) ? 1 : 0);
    cellAt[place] = cellFor(offer);
    groupAt[place] = 0;
    places[place] = -1;
  }

  function reach(place: number): void {
    if (place >= room) {
      room = 2 * place + 1;
      seen = lengthened(seen, new Int32Array(room));
      cellAt = lengthened(cellAt, new Int32Array(room));
      groupAt = lengthened(groupAt, new Int32Array(room));
      keys = lengthened(keys, new Float64Array(room * width));
    }
    // No gaps: an array with gaps is slow.
    while (places.length <= place) places.push(-1);
  }

  /** Less than 0 if the instance's own costs are less than noted, 0 if they are the same. */
  function compareNoted(place: number, offer: Offer): number {
    for (let i = 0; i < width; i++) {
      const difference = ownCost(i, place, offer) - (keys[place * width + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  function note(place: number, offer: Offer): void {
    for (let i = 0; i < width; i++) keys[place * width + i] = ownCost(i, place, offer);
  }

  // Most changes are another kind's doing: they must cost next to nothing. What a heap has of an instance may therefore be
  // better than the truth, never worse: one that got dearer, or has no room any more, is looked at when it comes to the top.
  function changed(place: number): void {
    if (places.length <= place) reach(place);
    const offer = offers[place];
    if (seen[place] !== 0 && (offer === undefined || (seen[place] as number) >> 1 !== versions[place])) leave(place);
    if (offer === undefined) return;
    if (seen[place] === 0) meet(place, offer);
    const group = counts ? sameGroup(offer, rules) : 0;
    const counted = group !== groupAt[place];
    if (counted) count(place, group);
    const cell = cellAt[place] as number;
    const better =
      places[place] === -1
        ? ((seen[place] as number) & 1) === 1 && hasRoom(offer)
        : width > 0 && compareNoted(place, offer) < 0;
    if (better) {
      note(place, offer);
      (cells[cell] as Cell).heap.put(place);
    }
    if (counted || (better && (cells[cell] as Cell).heap.top() === place)) refreshCell(cell);
  }

  function bestCell(): number {
    if (cellHeap !== undefined) return cellHeap.top();
    let best = -1;
    for (let cell = 0; cell < cells.length; cell++)
      if ((cells[cell] as Cell).heap.size() > 0 && (best < 0 || betterCell(cell, best))) best = cell;
    return best;
  }

  for (let place = 0; place < offers.length; place++) changed(place);
  return {
    changed,
    best() {
      for (;;) {
        const cell = bestCell();
        if (cell < 0) return undefined;
        const { heap } = cells[cell] as Cell;
        const place = heap.top();
        const offer = offers[place] as Offer;
        const room = hasRoom(offer);
        if (room && compareNoted(place, offer) === 0) {
          if (draws >= 0) time = Math.max(time, keys[place * width + draws] as number);
          return offer;
        }
        if (room) {
          note(place, offer);
          heap.put(place);
        } else heap.drop(place);
        refreshCell(cell);
      }
    },
  };
}
