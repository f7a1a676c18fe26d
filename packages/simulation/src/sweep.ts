// Crashes at every write: a small fixed play, and one crash at its first write, its second, and so on to its last; of the
// control plane, of an agent, or of an agent's whole machine.
import type { MemoryDatabase } from '@longshore/store/memory';
import { busyInstance, isEmptied } from './checks.ts';
import { crashReplica } from './faults.ts';
import type { People } from './people.ts';
import { createWorld, type Outcome, type World } from './world.ts';

export interface Play {
  readonly name: string;
  readonly machines: number;
  /** Resolves when all was answered and done. `until` waits for what the witnesses see. */
  act(stage: Stage): Promise<void>;
}

export interface Stage {
  readonly people: People;
  /** Until everything is as it was asked to be. */
  rest(): Promise<void>;
  /** An instance that runs something. */
  busyInstance(): string;
  /** Until everything on an instance has stopped. */
  emptied(instance: string): Promise<void>;
}

/** What is crashed: at a write of the control plane, or at a change of a machine's disk. */
export const victims = ['plane', 'agent', 'power'] as const;

export interface Strike {
  readonly victim: (typeof victims)[number];
  /** The number of the write, from 1. */
  readonly at: number;
  /** Before it is done, or after it was and before anybody knows. */
  readonly when: 'before' | 'after';
}

export interface Struck extends Outcome {
  /** False: the play has no such write. */
  readonly struck: boolean;
}

const minute = 60_000;
const calmMs = 3_000;
const downMs = { plane: 700, agent: 700, power: 2_000 };

export interface StageParts {
  readonly seed: number;
  readonly database: MemoryDatabase;
  readonly traced: boolean;
}

export async function strikeAt(play: Play, strike: Strike | undefined, parts: StageParts): Promise<Struck> {
  const counts = { write: 0, change: 0 };
  let struck = false;

  /** Counts a write when it is about to be done; whether this is the place to strike. */
  function isHere(kind: keyof typeof counts, when: Strike['when']): boolean {
    if (when === 'before') counts[kind] += 1;
    if (struck || !strike || (strike.victim === 'plane') !== (kind === 'write')) return false;
    struck = strike.at === counts[kind] && strike.when === when;
    return struck;
  }

  const world: World = createWorld({
    ...parts,
    replicas: () => 1,
    machines: () => play.machines,
    skewed: false,
    lossy: () => false,
    faulty: () => false,
    atWrite(replica, when) {
      if (!isHere('write', when)) return;
      crashReplica(replica, world.machines);
      world.schedule.after(downMs.plane, () => replica.start());
    },
    atDisk(machine, when) {
      if (!isHere('change', when)) return;
      if (strike?.victim === 'power') machine.powerCut();
      else machine.killAgent();
      world.schedule.after(downMs[strike?.victim ?? 'agent'], () =>
        machine.isOn() ? machine.startAgent() : machine.boot(),
      );
    },
  });
  const { schedule, history, people, wrong, doing, acting } = world;

  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => (isSo() ? resolve() : void schedule.after(500, look));
      look();
    });
  const stage: Stage = {
    people,
    rest: () => until(() => world.unmet().length === 0),
    busyInstance: () => busyInstance(parts.database),
    emptied: (instance) => until(() => isEmptied(parts.database, instance)),
  };
  schedule.after(1_000, () => doing(stage.rest().then(() => play.act(stage))));
  const began = schedule.now();
  await schedule.run(began + 60 * minute, () => wrong() || (schedule.now() > began + 1_000 && acting() === 0));
  if (acting() > 0) history.fault('the play does not come to its end');
  await world.comeToRest(calmMs);
  return { ...world.end(), struck };
}
