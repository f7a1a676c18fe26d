// The instances of one cluster in memory: what the store last said of each, less what launches that are being written take.
// Decisions are made here; whether they hold is decided by the write that reserves.
import { hostsOfSubnet } from '../network/subnets.ts';
import { type Ranking, ranking } from './ranking.ts';
import type { Demand, Offer, Rules } from './types.ts';
import { keepVerdicts } from './verdicts.ts';

/** A task that was placed here and is not yet read back from the store. */
export interface Hold {
  readonly arn: string;
  /** Places of the GPUs that it takes. */
  readonly gpus: readonly number[];
  /** Gives back what it takes; once. */
  end(): void;
}

export interface Roster {
  size(): number;
  get(arn: string): Offer | undefined;
  all(): Iterable<Offer>;
  /** Sets what the store says of an instance; undefined if it is gone. */
  put(arn: string, offer: Offer | undefined): void;
  /** A function that gives the best instance for such a task each time it is asked, or undefined. */
  chooser(demand: Demand, rules: Rules): () => Offer | undefined;
  /** Takes from the instance until `end`. */
  hold(arn: string, demand: Demand, group: string): Hold;
}

interface Held {
  readonly demand: Demand;
  readonly group: string;
  readonly gpus: readonly number[];
}

interface Slot {
  readonly place: number;
  stored: Offer;
  readonly holds: Set<Held>;
}

interface Kept {
  readonly ranking: Ranking;
  /** How much of the journal it has taken in. */
  seen: number;
}

/** Places that all rankings of a cluster may have together (some 40 bytes each), and how many rankings at least and at most. */
const rankedPlaces = 6_000_000;
const fewestRankings = 4;
const mostRankings = 512;

/** One that has no subnet yet gets one with its first task. */
function addressesLess(free: number | undefined, demand: Demand): number | undefined {
  return demand.address === 'none' ? free : (free ?? hostsOfSubnet) - 1;
}

function less(stored: Offer, holds: ReadonlySet<Held>): Offer {
  if (holds.size === 0) return stored;
  let { cpu, memory, freeAddresses } = stored;
  const groups = new Map(stored.groups);
  const gpus = new Set<number>();
  let tcp: Set<number> | undefined;
  let udp: Set<number> | undefined;
  for (const { demand, group, gpus: own } of holds) {
    cpu -= demand.cpu;
    memory -= demand.memory;
    groups.set(group, (groups.get(group) ?? 0) + 1);
    for (const gpu of own) gpus.add(gpu);
    freeAddresses = addressesLess(freeAddresses, demand);
    if (demand.tcp.length > 0) tcp = new Set([...(tcp ?? stored.tcp), ...demand.tcp]);
    if (demand.udp.length > 0) udp = new Set([...(udp ?? stored.udp), ...demand.udp]);
  }
  const freeGpus = gpus.size === 0 ? stored.freeGpus : stored.freeGpus.filter((each) => !gpus.has(each));
  return { ...stored, cpu, memory, groups, freeGpus, tcp: tcp ?? stored.tcp, udp: udp ?? stored.udp, freeAddresses };
}

/** One more hold, without going through all of them again. */
function lessOne(offer: Offer, { demand, group, gpus }: Held): Offer {
  const groups = new Map(offer.groups);
  groups.set(group, (groups.get(group) ?? 0) + 1);
  return {
    ...offer,
    cpu: offer.cpu - demand.cpu,
    memory: offer.memory - demand.memory,
    groups,
    freeGpus: gpus.length === 0 ? offer.freeGpus : offer.freeGpus.filter((each) => !gpus.includes(each)),
    tcp: demand.tcp.length === 0 ? offer.tcp : new Set([...offer.tcp, ...demand.tcp]),
    udp: demand.udp.length === 0 ? offer.udp : new Set([...offer.udp, ...demand.udp]),
    freeAddresses: addressesLess(offer.freeAddresses, demand),
  };
}

/** Equal keys: the same order of preference. The group counts only where something asks for it. */
function keyOf(demand: Demand, rules: Rules): string {
  const counts = rules.distinctInstance || rules.strategies.some((each) => each.type === 'spread');
  const { distinctInstance, strategies } = rules;
  const memberOf = rules.memberOf.map((each) => each.text);
  return JSON.stringify([demand, distinctInstance, memberOf, strategies, counts ? rules.group : '']);
}

/** `most` rankings are kept; the one that was used the longest ago is forgotten first. */
export function createRoster(random: () => number, most = mostRankings): Roster {
  const slots: (Slot | undefined)[] = [];
  const offers: (Offer | undefined)[] = [];
  /** Another number when the attributes are another object. */
  const versions: number[] = [];
  const placeOf = new Map<string, number>();
  /** Places of instances that are gone. */
  const free: number[] = [];
  const rankings = new Map<string, Kept>();
  const suitsFor = keepVerdicts(versions);
  /** Places that changed, in order; `dropped` were before its first. */
  let journal: number[] = [];
  let dropped = 0;
  /** When each place changed last. */
  const changedAt: number[] = [];

  function note(place: number): void {
    changedAt[place] = dropped + journal.length;
    journal.push(place);
    // The older half goes, and with it the rankings that have not seen it: to make them anew costs less.
    if (journal.length <= 4 * offers.length + 4096) return;
    const half = journal.length >> 1;
    dropped += half;
    journal = journal.slice(half);
    for (const [key, { seen }] of rankings) if (seen < dropped) rankings.delete(key);
  }

  function makeRanking(key: string, demand: Demand, rules: Rules): Kept {
    const limit = Math.max(fewestRankings, Math.min(most, Math.floor(rankedPlaces / (offers.length + 1))));
    for (const oldest of rankings.keys()) {
      if (rankings.size < limit) break;
      rankings.delete(oldest);
    }
    const made = ranking(offers, versions, suitsFor(demand, rules), demand, rules, random);
    const kept = { ranking: made, seen: dropped + journal.length };
    rankings.set(key, kept);
    return kept;
  }

  function upToDate(key: string, demand: Demand, rules: Rules): Ranking {
    const known = rankings.get(key);
    if (known === undefined) return makeRanking(key, demand, rules).ranking;
    for (let at = known.seen - dropped; at < journal.length; at++) {
      const place = journal[at] as number;
      if (changedAt[place] === dropped + at) known.ranking.changed(place);
    }
    known.seen = dropped + journal.length;
    return known.ranking;
  }

  function add(arn: string, stored: Offer): void {
    const place = free.pop() ?? slots.length;
    placeOf.set(arn, place);
    slots[place] = { place, stored, holds: new Set() };
    offers[place] = stored;
    versions[place] = (versions[place] ?? 0) + 1;
    note(place);
  }

  function slotOf(arn: string): Slot | undefined {
    const place = placeOf.get(arn);
    return place === undefined ? undefined : slots[place];
  }

  return {
    size: () => placeOf.size,
    get: (arn) => offers[placeOf.get(arn) ?? -1],
    *all() {
      for (const offer of offers) if (offer !== undefined) yield offer;
    },
    put(arn, stored) {
      const slot = slotOf(arn);
      if (slot === undefined) return stored === undefined ? undefined : add(arn, stored);
      if (stored === undefined) {
        placeOf.delete(arn);
        free.push(slot.place);
        slots[slot.place] = undefined;
        offers[slot.place] = undefined;
      } else {
        if (slot.stored.attributes !== stored.attributes) versions[slot.place] = (versions[slot.place] ?? 0) + 1;
        slot.stored = stored;
        offers[slot.place] = less(stored, slot.holds);
      }
      note(slot.place);
    },
    chooser(demand, rules) {
      const key = keyOf(demand, rules);
      // Used last, forgotten last.
      const known = rankings.get(key);
      if (known !== undefined && rankings.delete(key)) rankings.set(key, known);
      return () => upToDate(key, demand, rules).best();
    },
    hold(arn, demand, group) {
      const slot = slotOf(arn);
      const offer = slot && offers[slot.place];
      if (slot === undefined || offer === undefined) return { arn, gpus: [], end: () => undefined };
      const held: Held = { demand, group, gpus: offer.freeGpus.slice(0, demand.gpus) };
      slot.holds.add(held);
      offers[slot.place] = lessOne(offer, held);
      note(slot.place);
      return {
        arn,
        gpus: held.gpus,
        end() {
          if (!slot.holds.delete(held) || slots[slot.place] !== slot) return;
          offers[slot.place] = less(slot.stored, slot.holds);
          note(slot.place);
        },
      };
    },
  };
}
