// One simulation: a world from a seed, a while of people and faults, a while of peace, and what must hold.
import { containersMigrations } from '@longshore/containers';
import { type Step, storeMigrations } from '@longshore/store';
import { type MemoryDatabase, openMemoryDatabase } from '@longshore/store/memory';
import { checkEvents, checkLaunches, checkMachine, checkReservations, unmet, whyNotStart } from './checks.ts';
import { createFaults, type Faults } from './faults.ts';
import { createHistory } from './history.ts';
import { createMachine, type Machine } from './machine.ts';
import { createReplica, type Replica } from './plane.ts';
import { createProcess } from './process.ts';
import { seededRandom, takeOverRandomness } from './random.ts';
import { createSchedule } from './schedule.ts';
import { createTrace, noTrace } from './trace.ts';
import { createUser } from './user.ts';

export interface Outcome {
  readonly seed: number;
  /** Empty if everything held. */
  readonly faults: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  readonly starts: number;
  readonly tasks: number;
  /** Of everything random until the end: two runs of one seed have the same. */
  readonly fingerprint: string;
  readonly trace: readonly string[];
}

export interface Simulator {
  run(seed: number, options?: { readonly trace?: boolean }): Promise<Outcome>;
  close(): void;
}

const startsAt = Date.UTC(2026, 0, 1);
const size = { cpu: 2048, memory: 2048 - 256 };
const minute = 60_000;
/** Services that never got a task to run wait for up to fifteen minutes before they try again. */
const peaceMs = 40 * minute;
/** The goal must hold for so long. */
const calmMs = 6_000;

/** One database for all seeds, emptied between them. Takes over this process's randomness until `close`. */
export async function createSimulator(): Promise<Simulator> {
  const database = await openMemoryDatabase([...storeMigrations, ...containersMigrations]);
  const randomness = takeOverRandomness();
  return {
    async run(seed, options = {}) {
      database.clear();
      randomness.reseed(seed);
      return simulate(seed, database, options.trace ?? false);
    },
    close() {
      randomness.restore();
      database.close();
    },
  };
}

/** A write that may change what instances have left or what tasks hold. */
const movesReservations = ({ sql: { text } }: Step) => /\becs_(?:instances|ports)\b|last_status = /.test(text);

async function simulate(seed: number, database: MemoryDatabase, traced: boolean): Promise<Outcome> {
  const random = seededRandom(seed);
  const schedule = createSchedule(startsAt);
  const trace = traced ? createTrace(schedule, startsAt) : noTrace;
  const history = createHistory((taskArn) => whyNotStart(database, taskArn));
  const watched = {
    ...history,
    started(container: Parameters<typeof history.started>[0]) {
      history.started(container);
      checkMachine(database, history, container, size);
    },
  };
  const trouble: { faults?: Faults } = {};
  const lossy = () => trouble.faults?.lossy() ?? false;

  function strikeAtWrite(name: string): void {
    const replica = replicas.find((each) => each.name === name);
    if (replica) trouble.faults?.atWrite(replica);
  }

  const replicaNames = ['replica-1', 'replica-2'].slice(0, random.int(1, 3));
  const replicas: Replica[] = replicaNames.map((name) =>
    createReplica({
      name,
      database,
      schedule,
      random,
      trace,
      skewMs: random.int(-1_000, 1_000),
      faulty: () => trouble.faults?.active() ?? false,
      onWrite: () => strikeAtWrite(name),
      onCommitted(steps) {
        if (steps.some(movesReservations)) checkReservations(database, history);
        strikeAtWrite(name);
      },
    }),
  );
  const names = ['machine-1', 'machine-2', 'machine-3'].slice(0, random.int(1, 4));
  const machines: Machine[] = names.map((name) =>
    createMachine({
      name,
      schedule,
      random,
      trace,
      history: watched,
      replicas,
      lossy,
      skewMs: random.int(-5 * minute, 5 * minute),
    }),
  );
  const user = createUser({
    process: createProcess('user', schedule, 0),
    schedule,
    random,
    trace,
    replicas,
    lossy,
  });

  for (const replica of replicas) replica.start();
  for (const machine of machines) {
    machine.disk.onChange = () => trouble.faults?.atDisk(machine);
    schedule.after(random.next() * 3_000, () => machine.startAgent());
  }
  const wrong = () => history.faults().length > 0;
  let step: 'prepare' | 'faults' | 'peace' = 'prepare';
  let acting = 0;
  let calmSince: number | undefined;

  const doing = (work: Promise<void>) => {
    acting += 1;
    work.then(
      () => {
        acting -= 1;
      },
      (error: unknown) => history.fault(`a user's call broke: ${String(error)}`),
    );
  };
  schedule.after(1_000, () => doing(user.prepare()));
  await schedule.run(startsAt + 10 * minute, () => wrong() || (schedule.now() > startsAt + 5_000 && acting === 0));

  step = 'faults';
  trouble.faults = createFaults({ schedule, random, machines, replicas });
  const troubleEnds = schedule.now() + random.int(5_000, 25_000);
  const people = () => {
    if (step !== 'faults') return;
    if (acting < 4) doing(user.act());
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
  trace.note('world', 'faults cease');
  await schedule.run(schedule.now() + 10 * minute, () => wrong() || acting === 0);
  doing(user.settle());
  await schedule.run(schedule.now() + 10 * minute, () => wrong() || acting === 0);
  if (acting > 0) history.fault('calls are not answered although nothing fails any more');

  const expected = { machines: machines.length, ...user.promised };
  let nextLook = 0;
  await schedule.run(schedule.now() + peaceMs, () => {
    if (wrong()) return true;
    if (schedule.now() < nextLook) return false;
    nextLook = schedule.now() + 1_500;
    if (unmet(database, history, expected).length > 0) calmSince = undefined;
    else calmSince ??= schedule.now();
    return calmSince !== undefined && schedule.now() - calmSince >= calmMs;
  });
  if (!wrong()) {
    checkEvents(database, history);
    checkLaunches(database, history, user.promised.launches);
    for (const problem of unmet(database, history, expected)) history.fault(`in peace: ${problem}`);
  }
  for (const replica of replicas) replica.kill();
  for (const machine of machines) machine.killAgent();
  return {
    seed,
    faults: history.faults(),
    events: schedule.events(),
    virtualMs: schedule.now() - startsAt,
    starts: history.starts(),
    tasks: user.promised.tasks.size,
    fingerprint: `${schedule.events()} ${schedule.now()} ${random.next()} ${Math.random()}`,
    trace: trace.lines(),
  };
}
