// The feasible instances of a cluster in the order of preference for one kind of task: demand, constraints, group and
// strategies. It is kept current by what changed since it was last asked, so that a decision costs O(log n).
//
// The cost of an instance is a list, one number a strategy, compared in the strategies' order. A spread over an attribute
// costs all instances with the same value alike; instances are therefore put into cells by their values of those
// attributes, in each cell a heap by the costs that are an instance's own, and the cells are compared by their first.
import { hasRoom, sameGroup, suits } from './feasible.ts';
import { type IndexedHeap, indexedHeap } from './heap.ts';
import type { Demand, Offer, Rules, Strategy } from './types.ts';

export interface Ranking {
  /** The best instance, or undefined if none can take the task. */
  best(): Offer | undefined;
  /** Takes in that the instance at this place of the list changed. */
  changed(place: number): void;
}

interface Cell {
  readonly values: readonly string[];
  readonly heap: IndexedHeap;
}

function isShared(strategy: Strategy): boolean {
  return strategy.type === 'spread' && strategy.field.startsWith('attribute:');
}

/**
 * `offers[place]` is read anew at each change; undefined where an instance is gone. `versions[place]` is another number, not
 * 0, when its attributes are.
 */
export function ranking(
  offers: readonly (Offer | undefined)[],
  versions: readonly number[],
  demand: Demand,
  rules: Rules,
  random: () => number,
): Ranking {
  const { strategies } = rules;
  const names = strategies.filter(isShared).map((each) => each.field.slice('attribute:'.length));
  const ownStrategies = strategies.filter((each) => !isShared(each));
  /** For each strategy: whether its cost is shared, and its place among those that are, or are not. */
  const order = strategies.map((each) =>
    isShared(each)
      ? { shared: true, at: strategies.filter(isShared).indexOf(each) }
      : { shared: false, at: ownStrategies.indexOf(each) },
  );
  const totals = names.map(() => new Map<string, number>());
  const cells: Cell[] = [];
  const cellOf = new Map<string, number>();
  // By place; plain numbers, because there may be millions of them. The version of the attributes that was last seen (0:
  // none), doubled, and one more if they suit; the cell; the tasks of the group as the totals count them; the own costs.
  const seen: number[] = [];
  const cellAt: number[] = [];
  const groupAt: number[] = [];
  const keys: number[] = [];
  const places: number[] = [];
  const width = ownStrategies.length;
  // A random choice is the next event of independent Poisson processes, one an instance: uniform whatever came before.
  let time = 0;
  const nextEvent = () => time - Math.log(1 - random());

  function ownCost(strategy: Strategy, offer: Offer): number {
    if (strategy.type === 'random') return nextEvent();
    if (strategy.type === 'spread') return sameGroup(offer, rules);
    return strategy.field === 'cpu' ? offer.cpu : offer.memory;
  }

  function earlier(a: number, b: number): boolean {
    for (let i = 0; i < width; i++) {
      const difference = (keys[a * width + i] as number) - (keys[b * width + i] as number);
      if (difference !== 0) return difference < 0;
    }
    return a < b;
  }

  function totalOf(shared: number, cell: Cell): number {
    return (totals[shared] as Map<string, number>).get(cell.values[shared] as string) ?? 0;
  }

  function betterCell(a: number, b: number): boolean {
    const left = cells[a] as Cell;
    const right = cells[b] as Cell;
    const leftTop = left.heap.top();
    const rightTop = right.heap.top();
    for (const { shared, at } of order) {
      const difference = shared
        ? totalOf(at, left) - totalOf(at, right)
        : (keys[leftTop * width + at] as number) - (keys[rightTop * width + at] as number);
      if (difference !== 0) return difference < 0;
    }
    return leftTop < rightTop;
  }

  // With one attribute a change touches one cell, and the cells can be a heap; with more, they are looked through.
  const cellHeap = names.length <= 1 ? indexedHeap(betterCell, []) : undefined;

  function cellFor(offer: Offer): number {
    const values = names.map((name) => offer.attributes.get(name) ?? '');
    const key = values.length === 1 ? (values[0] as string) : JSON.stringify(values);
    const known = cellOf.get(key);
    if (known !== undefined) return known;
    cellOf.set(key, cells.length);
    return cells.push({ values, heap: indexedHeap(earlier, places) }) - 1;
  }

  function count(cell: number, by: number): void {
    if (by === 0 || names.length === 0) return;
    (cells[cell] as Cell).values.forEach((value, i) => {
      const total = totals[i] as Map<string, number>;
      total.set(value, (total.get(value) ?? 0) + by);
    });
  }

  function refreshCell(cell: number): void {
    if (cellHeap === undefined) return;
    if ((cells[cell] as Cell).heap.size() > 0) cellHeap.put(cell);
    else cellHeap.drop(cell);
  }

  function leave(place: number): void {
    const cell = cellAt[place] as number;
    count(cell, -(groupAt[place] as number));
    (cells[cell] as Cell).heap.drop(place);
    seen[place] = 0;
    refreshCell(cell);
  }

  function meet(place: number, offer: Offer): void {
    seen[place] = ((versions[place] as number) << 1) | (suits(offer, demand, rules) ? 1 : 0);
    cellAt[place] = cellFor(offer);
    groupAt[place] = 0;
    places[place] = -1;
  }

  function changed(place: number): void {
    // No gaps: an array with gaps is slow.
    while (seen.length <= place) {
      const next = seen.push(0) - 1;
      cellAt[next] = 0;
      groupAt[next] = 0;
      places[next] = -1;
      for (let i = 0; i < width; i++) keys[next * width + i] = 0.5;
    }
    const offer = offers[place];
    if (seen[place] !== 0 && (offer === undefined || (seen[place] as number) >> 1 !== versions[place])) leave(place);
    if (offer === undefined) return;
    if (seen[place] === 0) meet(place, offer);
    const cell = cellAt[place] as number;
    const group = sameGroup(offer, rules);
    count(cell, group - (groupAt[place] as number));
    groupAt[place] = group;
    const { heap } = cells[cell] as Cell;
    if (((seen[place] as number) & 1) === 1 && hasRoom(offer, demand, rules)) {
      for (let i = 0; i < width; i++) keys[place * width + i] = ownCost(ownStrategies[i] as Strategy, offer);
      heap.put(place);
    } else heap.drop(place);
    refreshCell(cell);
  }

  function bestCell(): number {
    if (cellHeap !== undefined) return cellHeap.top();
    let best = -1;
    for (let cell = 0; cell < cells.length; cell++)
      if ((cells[cell] as Cell).heap.size() > 0 && (best < 0 || betterCell(cell, best))) best = cell;
    return best;
  }

  const draws = ownStrategies.findIndex((each) => each.type === 'random');
  for (let place = 0; place < offers.length; place++) changed(place);
  return {
    changed,
    best() {
      const cell = bestCell();
      if (cell < 0) return undefined;
      const place = (cells[cell] as Cell).heap.top();
      if (draws >= 0) time = Math.max(time, keys[place * width + draws] as number);
      return offers[place];
    },
  };
}
