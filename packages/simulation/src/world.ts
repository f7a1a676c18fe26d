// A world: replicas of the control plane over one store, machines with their agents, people, and the witnesses of what must
// hold. What strikes it is up to whoever made it.
import type { Step } from '@longshore/store';
import type { MemoryDatabase } from '@longshore/store/memory';
import { checkEvents, checkLaunches, checkMachine, checkReservations, unmet, whyNotStart } from './checks.ts';
import { createHistory, type History } from './history.ts';
import { createMachine, type Machine } from './machine.ts';
import { createPeople, type People } from './people.ts';
import { createReplica, type Replica } from './plane.ts';
import { createProcess } from './process.ts';
import { type Random, seededRandom } from './random.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { createTrace, noTrace, type Trace } from './trace.ts';

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

export interface WorldParts {
  readonly seed: number;
  readonly database: MemoryDatabase;
  readonly traced: boolean;
  readonly replicas: (random: Random) => number;
  readonly machines: (random: Random) => number;
  /** Whether clocks differ. */
  readonly skewed: boolean;
  /** Whether the network loses, and whether the store's writes fail, now. */
  readonly lossy: () => boolean;
  readonly faulty: () => boolean;
  /** A write of a replica is about to be committed, or was and is not acknowledged yet: the places to kill it. */
  readonly atWrite: (replica: Replica, when: 'before' | 'after') => void;
  /** The same of a change of a machine's disk. */
  readonly atDisk: (machine: Machine, when: 'before' | 'after') => void;
}

export interface World {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly history: History;
  readonly replicas: readonly Replica[];
  readonly machines: readonly Machine[];
  readonly people: People;
  /** Whether something happened that must not: the simulation can end. */
  wrong(): boolean;
  /** What keeps the world from being as it was asked to be; empty when it is. */
  unmet(): readonly string[];
  /** Somebody does something; a call that breaks is a fault. */
  doing(work: Promise<void>): void;
  /** How many of these are not answered. */
  acting(): number;
  /** Lets time pass until all is as it was asked to be and has been for `calmMs`. What is not by then is a fault. */
  comeToRest(calmMs: number): Promise<void>;
  end(): Outcome;
}

const startsAt = Date.UTC(2026, 0, 1);
const size = { cpu: 2048, memory: 2048 - 256 };
const minute = 60_000;
/** Services that never got a task to run wait for up to fifteen minutes before they try again. */
const peaceMs = 40 * minute;

/** A write that may change what instances have left or what tasks hold. */
const movesReservations = ({ sql: { text } }: Step) => /\becs_(?:instances|ports|placed)\b|last_status = /.test(text);

export function createWorld(parts: WorldParts): World {
  const { seed, database } = parts;
  const random = seededRandom(seed);
  const schedule = createSchedule(startsAt);
  const trace = parts.traced ? createTrace(schedule, startsAt) : noTrace;
  const history = createHistory((taskArn) => whyNotStart(database, taskArn));
  const watched: History = {
    ...history,
    started(container) {
      history.started(container);
      checkMachine(database, history, container, size);
    },
  };
  const skew = (most: number) => (parts.skewed ? random.int(-most, most) : 0);

  function strikeAtWrite(name: string, when: 'before' | 'after'): void {
    const replica = replicas.find((each) => each.name === name);
    if (replica) parts.atWrite(replica, when);
  }

  const replicaNames = ['replica-1', 'replica-2'].slice(0, parts.replicas(random));
  const replicas = replicaNames.map((name) =>
    createReplica({
      name,
      database,
      schedule,
      random,
      trace,
      skewMs: skew(1_000),
      faulty: parts.faulty,
      onWrite: () => strikeAtWrite(name, 'before'),
      onCommitted(steps) {
        if (steps.some(movesReservations)) checkReservations(database, history);
        strikeAtWrite(name, 'after');
      },
    }),
  );
  const machineNames = ['machine-1', 'machine-2', 'machine-3'].slice(0, parts.machines(random));
  const machines = machineNames.map((name) =>
    createMachine({
      name,
      schedule,
      random,
      trace,
      history: watched,
      replicas,
      lossy: parts.lossy,
      skewMs: skew(5 * minute),
    }),
  );
  const process = createProcess('user', schedule, 0);
  const people = createPeople({ process, schedule, random, trace, replicas, lossy: parts.lossy });

  for (const replica of replicas) replica.start();
  for (const machine of machines) {
    machine.disk.onChange = (when) => parts.atDisk(machine, when);
    schedule.after(random.next() * 3_000, () => machine.startAgent());
  }
  let acting = 0;
  const wrong = () => history.faults().length > 0;
  const isUnmet = () => unmet(database, history, { machines: machines.length, ...people.promised });

  return {
    schedule,
    random,
    trace,
    history,
    replicas,
    machines,
    people,
    wrong,
    unmet: isUnmet,
    doing(work) {
      acting += 1;
      work.then(
        () => {
          acting -= 1;
        },
        (error: unknown) => history.fault(`a user's call broke: ${String(error)}`),
      );
    },
    acting: () => acting,
    async comeToRest(calmMs) {
      let calmSince: number | undefined;
      let nextLook = 0;
      await schedule.run(schedule.now() + peaceMs, () => {
        if (wrong()) return true;
        if (schedule.now() < nextLook) return false;
        nextLook = schedule.now() + 1_500;
        if (isUnmet().length > 0) calmSince = undefined;
        else calmSince ??= schedule.now();
        return calmSince !== undefined && schedule.now() - calmSince >= calmMs;
      });
      if (wrong()) return;
      checkEvents(database, history);
      checkLaunches(database, history, people.promised.launches);
      for (const problem of isUnmet()) history.fault(`in peace: ${problem}`);
    },
    end() {
      for (const replica of replicas) replica.kill();
      for (const machine of machines) machine.killAgent();
      return {
        seed,
        faults: history.faults(),
        events: schedule.events(),
        virtualMs: schedule.now() - startsAt,
        starts: history.starts(),
        tasks: people.promised.tasks.size,
        fingerprint: `${schedule.events()} ${schedule.now()} ${random.next()} ${Math.random()}`,
        trace: trace.lines(),
      };
    },
  };
}
