// What goes wrong, and when. Each seed has its own mixture: some kinds of faults often, others never (swarm testing), since
// a world in which everything breaks all the time never gets far enough to break in an interesting place.
import type { Machine } from './machine.ts';
import type { Replica } from './plane.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export interface Faults {
  /** Whether anything may go wrong now. */
  active(): boolean;
  lossy(): boolean;
  /** Something goes wrong, or nothing. */
  strike(): void;
  /** A write of a replica is about to happen, or has just happened. */
  atWrite(replica: Replica): void;
  /** A change of a machine's disk is about to happen. */
  atDisk(machine: Machine): void;
  /** From now on everything works, and what is down comes back. */
  cease(): void;
}

export interface FaultParts {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly machines: readonly Machine[];
  readonly replicas: readonly Replica[];
}

const seconds = (random: Random, most: number) => (0.2 + random.next() * most) * 1000;

/** Kills a replica; who was connected to it learns of it. */
export function crashReplica(replica: Replica, machines: readonly Machine[]): void {
  const process = replica.process();
  for (const machine of machines)
    for (const connection of machine.connections()) if (process && connection.touches(process)) connection.reset();
  replica.kill();
}

export function createFaults(parts: FaultParts): Faults {
  const { schedule, random, machines, replicas } = parts;
  let active = true;

  function killReplica(replica: Replica): void {
    if (!replica.process()) return;
    crashReplica(replica, machines);
    schedule.after(seconds(random, 15), () => {
      if (!replica.process()) replica.start();
    });
  }

  function killAgent(machine: Machine): void {
    machine.killAgent();
    schedule.after(seconds(random, 20), () => machine.startAgent());
  }

  function powerCut(machine: Machine): void {
    if (!machine.isOn()) return;
    machine.powerCut();
    schedule.after(seconds(random, 40), () => machine.boot());
  }

  function restartEngine(machine: Machine): void {
    if (!machine.isOn() || !machine.engine.isUp()) return;
    machine.engine.down({ keepContainers: random.chance(0.5) });
    schedule.after(seconds(random, 10), () => {
      if (machine.isOn()) machine.engine.up();
    });
  }

  const kinds: Readonly<Record<string, (machine: Machine) => void>> = {
    killAgent,
    powerCut,
    restartEngine,
    stopAgent(machine) {
      if (!machine.agentRuns()) return;
      void machine.stopAgent().then(() => schedule.after(seconds(random, 10), () => machine.startAgent()));
      // A service manager does not wait for ever.
      schedule.after(90_000, () => machine.killAgent());
      schedule.after(91_000, () => machine.startAgent());
    },
    killReplica: () => killReplica(random.pick(replicas)),
    reset(machine) {
      for (const connection of machine.connections()) connection.reset();
    },
    blackhole(machine) {
      for (const connection of machine.connections()) connection.blackhole();
    },
    cutOff(machine) {
      machine.setCutOff(true);
      schedule.after(seconds(random, 90), () => machine.setCutOff(false));
    },
    slowEngine(machine) {
      machine.engine.setSlow(20);
      schedule.after(seconds(random, 20), () => machine.engine.setSlow(1));
    },
    flakyEngine(machine) {
      machine.engine.setFlaky(true);
      schedule.after(seconds(random, 20), () => machine.engine.setFlaky(false));
    },
    noPulls(machine) {
      machine.engine.setPulls(false);
      schedule.after(seconds(random, 20), () => machine.engine.setPulls(true));
    },
    fullDisk(machine) {
      machine.disk.setFull(true);
      schedule.after(seconds(random, 10), () => machine.disk.setFull(false));
    },
    killContainer: (machine) => void machine.engine.meddle('kill'),
    removeContainer: (machine) => void machine.engine.meddle('remove'),
  };
  const chosen = Object.keys(kinds).filter(() => random.chance(0.4));
  const atWrites = random.chance(0.4) ? 0.02 : 0;
  const atDisks = random.chance(0.4) ? 0.01 : 0;
  const loses = random.chance(0.6);
  /** In the other worlds some of it is away for long, and is given up. */
  const comesBackSoon = random.chance(0.7);

  return {
    active: () => active,
    lossy: () => active && loses,
    strike() {
      if (!active || chosen.length === 0) return;
      kinds[random.pick(chosen)]?.(random.pick(machines));
    },
    atWrite(replica) {
      if (active && atWrites > 0 && random.chance(atWrites)) killReplica(replica);
    },
    atDisk(machine) {
      if (!active || atDisks === 0 || !random.chance(atDisks)) return;
      if (random.chance(0.5)) killAgent(machine);
      else powerCut(machine);
    },
    cease() {
      active = false;
      const soon = (act: () => void) => comesBackSoon && schedule.after(seconds(random, 3), act);
      for (const replica of replicas)
        soon(() => {
          if (!replica.process()) replica.start();
        });
      for (const machine of machines) {
        soon(() => {
          machine.boot();
          machine.engine.up();
          machine.startAgent();
        });
        machine.setCutOff(false);
        machine.disk.setFull(false);
        machine.engine.setSlow(1);
        machine.engine.setFlaky(false);
        machine.engine.setPulls(true);
      }
    },
  };
}
