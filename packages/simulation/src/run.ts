// Simulations of a seed: a world, a while of people and faults, a while of peace, and what must hold.
import { containersMigrations } from '@longshore/containers';
import { storeMigrations } from '@longshore/store';
import { type MemoryDatabase, openMemoryDatabase } from '@longshore/store/memory';
import { createFaults, type Faults } from './faults.ts';
import { type Play, type Struck, strikeAt, type Strike } from './sweep.ts';
import { takeOverRandomness } from './random.ts';
import { createUser } from './user.ts';
import { createWorld, type Outcome } from './world.ts';

export interface Simulator {
  run(seed: number, options?: { readonly trace?: boolean }): Promise<Outcome>;
  /** A play, struck once or not at all. */
  play(play: Play, strike: Strike | undefined, options?: { readonly trace?: boolean }): Promise<Struck>;
  close(): void;
}

const minute = 60_000;
/** The goal must hold for so long. */
const calmMs = 6_000;
const seedOfPlays = 1;

/** One database for all seeds, emptied between them. Takes over this process's randomness until `close`. */
export async function createSimulator(): Promise<Simulator> {
  const database = await openMemoryDatabase([...storeMigrations, ...containersMigrations]);
  const randomness = takeOverRandomness();
  const begin = (seed: number) => {
    database.clear();
    randomness.reseed(seed);
  };
  return {
    async run(seed, options = {}) {
      begin(seed);
      return simulate(seed, database, options.trace ?? false);
    },
    async play(play, strike, options = {}) {
      begin(seedOfPlays);
      return strikeAt(play, strike, { seed: seedOfPlays, database, traced: options.trace ?? false });
    },
    close() {
      randomness.restore();
      database.close();
    },
  };
}

async function simulate(seed: number, database: MemoryDatabase, traced: boolean): Promise<Outcome> {
  const trouble: { faults?: Faults } = {};
  const world = createWorld({
    seed,
    database,
    traced,
    replicas: (random) => random.int(1, 3),
    machines: (random) => random.int(1, 4),
    skewed: true,
    lossy: () => trouble.faults?.lossy() ?? false,
    faulty: () => trouble.faults?.active() ?? false,
    atWrite: (replica) => trouble.faults?.atWrite(replica),
    atDisk(machine, when) {
      if (when === 'before') trouble.faults?.atDisk(machine);
    },
  });
  const { schedule, random, wrong, doing, acting } = world;
  const user = createUser(world.people, random);
  const begins = schedule.now();
  let step: 'prepare' | 'faults' | 'peace' = 'prepare';

  schedule.after(1_000, () => doing(user.prepare()));
  await schedule.run(begins + 10 * minute, () => wrong() || (schedule.now() > begins + 5_000 && acting() === 0));

  step = 'faults';
  trouble.faults = createFaults(world);
  const troubleEnds = schedule.now() + random.int(5_000, 25_000);
  const people = () => {
    if (step !== 'faults') return;
    if (acting() < 4) doing(user.act());
    schedule.after(random.next() * 3_000, people);
  };
  const strike = () => {
    if (step !== 'faults') return;
    trouble.faults?.strike();
    schedule.after(random.next() * 6_000, strike);
  };
  people();
  strike();
  await schedule.run(troubleEnds, wrong);

  step = 'peace';
  trouble.faults.cease();
  world.trace.note('world', 'faults cease');
  await schedule.run(schedule.now() + 10 * minute, () => wrong() || acting() === 0);
  doing(user.settle());
  await schedule.run(schedule.now() + 10 * minute, () => wrong() || acting() === 0);
  if (acting() > 0) world.history.fault('calls are not answered although nothing fails any more');
  await world.comeToRest(calmMs);
  return world.end();
}
