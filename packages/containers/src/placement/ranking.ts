// The feasible instances of a cluster in the order of preference for one kind of task: demand, constraints, group and
// strategies. It is kept current by what changed since it was last asked, so that a decision costs O(log n).
//
// The cost of an instance is a list, one number a strategy, compared in the strategies' order. A spread over an attribute
// costs all instances with the same value alike; instances are therefore put into cells by their values of those
// attributes, in each cell a heap by the costs that are an instance's own, and the cells are compared by their first.
import { fits, sameGroup } from './feasible.ts';
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

interface Counted {
  readonly cell: number;
  readonly group: number;
}

type Key = readonly number[];

function isShared(strategy: Strategy): boolean {
  return strategy.type === 'spread' && strategy.field.startsWith('attribute:');
}

/** `offers[place]` is read anew at each change; undefined where an instance is gone. */
export function ranking(
  offers: readonly (Offer | undefined)[],
  demand: Demand,
  rules: Rules,
  random: () => number,
): Ranking {
  const { strategies } = rules;
  const names = strategies.filter(isShared).map((each) => each.field.slice('attribute:'.length));
  const ownStrategies = strategies.filter((each) => !isShared(each));
  const totals = names.map(() => new Map<string, number>());
  const cells: Cell[] = [];
  const cellOf = new Map<string, number>();
  const counted: (Counted | undefined)[] = [];
  const keys: Key[] = [];
  const places: number[] = [];
  // A random choice is the next event of independent Poisson processes, one an instance: uniform whatever came before.
  let time = 0;
  const nextEvent = () => time - Math.log(1 - random());

  function ownCost(strategy: Strategy, offer: Offer): number {
    if (strategy.type === 'random') return nextEvent();
    if (strategy.type === 'spread') return sameGroup(offer, rules);
    return strategy.field === 'cpu' ? offer.cpu : offer.memory;
  }

  function earlier(a: number, b: number): boolean {
    const left = keys[a] as Key;
    const right = keys[b] as Key;
    for (let i = 0; i < left.length; i++) {
      const difference = (left[i] as number) - (right[i] as number);
      if (difference !== 0) return difference < 0;
    }
    return a < b;
  }

  function betterCell(a: number, b: number): boolean {
    const left = cells[a] as Cell;
    const right = cells[b] as Cell;
    const leftKey = keys[left.heap.top()] as Key;
    const rightKey = keys[right.heap.top()] as Key;
    let own = 0;
    let shared = 0;
    for (const strategy of strategies) {
      let difference: number;
      if (isShared(strategy)) {
        const total = totals[shared] as Map<string, number>;
        difference = (total.get(left.values[shared] as string) ?? 0) - (total.get(right.values[shared] as string) ?? 0);
        shared += 1;
      } else {
        difference = (leftKey[own] as number) - (rightKey[own] as number);
        own += 1;
      }
      if (difference !== 0) return difference < 0;
    }
    return left.heap.top() < right.heap.top();
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
    if (by === 0) return;
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

  function leave(place: number, before: Counted): void {
    count(before.cell, -before.group);
    (cells[before.cell] as Cell).heap.drop(place);
    counted[place] = undefined;
    refreshCell(before.cell);
  }

  function changed(place: number): void {
    const offer = offers[place];
    const before = counted[place];
    const cell = offer === undefined ? -1 : cellFor(offer);
    if (before !== undefined && before.cell !== cell) leave(place, before);
    if (offer === undefined) return;
    const group = sameGroup(offer, rules);
    count(cell, group - (before?.cell === cell ? before.group : 0));
    counted[place] = { cell, group };
    const { heap } = cells[cell] as Cell;
    if (fits(offer, demand, rules)) {
      keys[place] = ownStrategies.map((strategy) => ownCost(strategy, offer));
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
      if (draws >= 0) time = Math.max(time, (keys[place] as Key)[draws] as number);
      return offers[place];
    },
  };
}
