// What the clusters' instances have to give, in memory and as current as the store: a write of this process marks the
// instances that it touched, and they are read again before the next decision. What other replicas write is found by the
// rows' versions: now and then, and whenever the answer would be that there is no room.
import type { Clock } from '@longshore/base';
import { type Step, type Store, type View, watchWrites } from '@longshore/store';
import { readOffers, readRunning, readVersions, type ReadOffer } from './read-offers.ts';
import { createRoster, type Hold, type Roster } from './roster.ts';

export interface Capacity {
  /** Everything that touches instances must be written through this store. */
  readonly store: Store;
  /** The cluster's instances now. */
  roster(view: View, clusterArn: string, needs?: { readonly running: boolean }): Promise<Roster>;
  /** Looks for what others wrote; false if that was done a moment ago. */
  recheck(view: View, clusterArn: string): Promise<boolean>;
  /** The hold ends when the write with this step does; several may end with one. */
  endsWith(step: Step, hold: Hold): void;
}

interface Entry {
  readonly roster: Roster;
  readonly known: Map<string, ReadOffer>;
  readonly dirty: Set<string>;
  /** Changes that named no instance, and how many there were when the versions of all rows were compared last. */
  unnamed: number;
  compared: number;
  /** Reads that are under way: who decides waits for them. */
  reading: number;
  checkedAt: number;
  running: Promise<void>;
}

/** Instances read in one query; between two such reads other work gets its turn. */
const chunk = 1000;
/** Clusters that are kept in memory. */
const mostClusters = 200;
/** With several replicas, what others wrote is looked for at least so often while decisions are made. */
const recheckMs = 2_000;
/** Instances whose versions may be read a millisecond of waiting: a big cluster is rechecked less often. */
const checkedPerMs = 50;
/** A hold whose write never came (its plan failed) ends after this time. */
const forgottenMs = 30_000;
const touchesInstances = /\becs_(?:instances|ports)\b/;

/** The cluster of `arn:…:container-instance/CLUSTER/ID`. */
function clusterOf(instanceArn: string): string {
  return instanceArn.replace(':container-instance/', ':cluster/').replace(/\/[^/]*$/, '');
}

function instancesIn(step: Step): string[] {
  return step.sql.params.filter(
    (each): each is string => typeof each === 'string' && each.includes(':container-instance/'),
  );
}

export function createCapacity(store: Store, clock: Clock, random: () => number): Capacity {
  const entries = new Map<string, Entry>();
  const holds = new Map<Step, { readonly holds: Hold[]; readonly since: number }>();

  function settled(steps: readonly Step[]): void {
    for (const step of steps) {
      for (const hold of holds.get(step)?.holds ?? []) hold.end();
      holds.delete(step);
      if (!touchesInstances.test(step.sql.text)) continue;
      const arns = instancesIn(step);
      for (const arn of arns) entries.get(clusterOf(arn))?.dirty.add(arn);
      // A change of many instances that names none: their versions are compared.
      if (arns.length === 0 && step.sql.text.includes('UPDATE ecs_instances'))
        for (const entry of entries.values()) entry.unnamed += 1;
    }
  }

  function forget(now: number): void {
    for (const [step, { holds: ended, since }] of holds) {
      if (now - since < forgottenMs) return;
      for (const hold of ended) hold.end();
      holds.delete(step);
    }
  }

  function entryOf(clusterArn: string): Entry {
    const found = entries.get(clusterArn) ?? {
      roster: createRoster(random),
      known: new Map<string, ReadOffer>(),
      dirty: new Set<string>(),
      unnamed: 0,
      compared: -1,
      reading: 0,
      checkedAt: 0,
      running: Promise.resolve(),
    };
    entries.delete(clusterArn);
    entries.set(clusterArn, found);
    for (const oldest of entries.keys()) {
      if (entries.size <= mostClusters) break;
      entries.delete(oldest);
    }
    return found;
  }

  async function readDirty(view: View, entry: Entry): Promise<void> {
    // What becomes dirty meanwhile is read by who comes next: under load there would be no end.
    for (let left = entry.dirty.size; left > 0; ) {
      const arns = [...entry.dirty].slice(0, Math.min(chunk, left));
      left -= arns.length;
      for (const arn of arns) entry.dirty.delete(arn);
      const read = await readOffers(view, arns, entry.known).catch((error: unknown) => {
        for (const arn of arns) entry.dirty.add(arn);
        throw error;
      });
      for (const arn of arns) {
        const news = read.get(arn);
        if (news === undefined) entry.known.delete(arn);
        else entry.known.set(arn, news);
        entry.roster.put(arn, news?.offer);
      }
      if (left >= chunk) await clock.sleep(1);
    }
  }

  /** Marks what is new, gone, or has another version than is known. */
  async function compare(view: View, clusterArn: string, entry: Entry): Promise<void> {
    const seen = new Set<string>();
    for (let after = ''; ; ) {
      const rows = await readVersions(view, clusterArn, after, chunk);
      for (const { arn, version } of rows) {
        seen.add(arn);
        if (entry.known.get(arn)?.version !== version) entry.dirty.add(arn);
      }
      after = rows.at(-1)?.arn ?? '';
      if (rows.length < chunk) break;
    }
    for (const arn of entry.known.keys()) if (!seen.has(arn)) entry.dirty.add(arn);
    entry.checkedAt = clock.now();
  }

  /** One after the other for one cluster. */
  function inTurn(entry: Entry, work: () => Promise<void>): Promise<void> {
    const turn = entry.running.then(work);
    entry.running = turn.catch(() => undefined);
    return turn;
  }

  function waitOf(entry: Entry): number {
    return entry.roster.size() / checkedPerMs;
  }

  function isCurrent(entry: Entry): boolean {
    return entry.compared === entry.unnamed && entry.dirty.size === 0 && entry.reading === 0;
  }

  async function bringUp(view: View, clusterArn: string, entry: Entry, check: boolean): Promise<void> {
    entry.reading += 1;
    try {
      await inTurn(entry, async () => {
        const { unnamed } = entry;
        if (entry.compared !== unnamed || check) await compare(view, clusterArn, entry);
        entry.compared = unnamed;
        await readDirty(view, entry);
      });
    } finally {
      entry.reading -= 1;
    }
  }

  return {
    store: watchWrites(store, settled),
    async roster(view, clusterArn, needs) {
      const now = clock.now();
      forget(now);
      const entry = entryOf(clusterArn);
      const check = store.kind === 'postgres' && now - entry.checkedAt >= Math.max(recheckMs, waitOf(entry));
      if (check || !isCurrent(entry)) await bringUp(view, clusterArn, entry, check);
      if (needs?.running === true) await countRunning(view, clusterArn, entry);
      return entry.roster;
    },
    async recheck(view, clusterArn) {
      const entry = entryOf(clusterArn);
      const wait = waitOf(entry);
      if (wait >= 5 && clock.now() - entry.checkedAt < wait) return false;
      // A row may be read before this process hears that its write is done: until then it would count twice.
      if (holds.size > 0) await clock.sleep(1);
      await bringUp(view, clusterArn, entry, true);
      return true;
    },
    endsWith(step, hold) {
      const known = holds.get(step);
      if (known === undefined) holds.set(step, { holds: [hold], since: clock.now() });
      else known.holds.push(hold);
    },
  };
}

async function countRunning(view: View, clusterArn: string, entry: Entry): Promise<void> {
  const running = await readRunning(view, clusterArn);
  for (const [arn, read] of entry.known) {
    const runningTasks = running.get(arn) ?? 0;
    if (read.offer.runningTasks === runningTasks) continue;
    const news = { ...read, offer: { ...read.offer, runningTasks } };
    entry.known.set(arn, news);
    entry.roster.put(arn, news.offer);
  }
}
