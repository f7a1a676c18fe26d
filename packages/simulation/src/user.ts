// The people: they run and stop tasks, change services and drain machines, each through whichever replica answers, and try
// again with the same token when they hear nothing. What was answered to them is a promise, and is written down.
import { definitions, endless, families } from './definitions.ts';
import { callOver, NetworkError } from './network.ts';
import type { Replica } from './plane.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

export interface Promised {
  /** Tasks whose launch was answered; true once their stop was answered too. */
  readonly tasks: ReadonlyMap<string, boolean>;
  /** How many tasks each RunTask asked for at most, by its `startedBy`. */
  readonly launches: ReadonlyMap<string, number>;
  /** What the services were last answered to be. */
  readonly services: ReadonlyMap<string, { readonly desired: number; readonly family: string }>;
}

export interface User {
  readonly promised: Promised;
  /** Makes definitions and services. Resolves when all was answered. */
  prepare(): Promise<void>;
  /** One thing that people do; resolves when it was answered. */
  act(): Promise<void>;
  /** Brings everything into a state that can be kept: nothing drained, not more tasks than there is room for. */
  settle(): Promise<void>;
  describe<T>(operation: string, input: unknown): Promise<T>;
}

export interface UserParts {
  readonly process: Process;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly replicas: readonly Replica[];
  readonly lossy: () => boolean;
}

/** Standalone tasks that run on, at once: so many find room beside the services on what machines there are. */
const mostEndless = 4;
const serviceNames = ['blue', 'green'];

interface TaskAnswer {
  readonly tasks?: readonly { readonly taskArn: string }[];
}

export function createUser(parts: UserParts): User {
  const { process, random, trace, replicas } = parts;
  const tasks = new Map<string, boolean>();
  const launches = new Map<string, number>();
  const endlessTasks = new Set<string>();
  const services = new Map<string, { desired: number; family: string }>();
  const busy = new Set<string>();
  /** Each world knows some of the definitions. */
  const known = families.filter((each) => each === 'forever' || random.chance(0.4));
  const lasting = known.filter((each) => endless.includes(each));
  let tokens = 0;

  /** Undefined if the service answered with an error of its own. */
  async function ask<T>(operation: string, input: unknown): Promise<T | undefined> {
    for (let failures = 0; ; failures++) {
      const living = replicas.filter((one) => one.containers());
      const replica = random.pick(living.length > 0 ? living : replicas);
      try {
        const answer = await callOver(
          {
            from: process,
            to: replica.process(),
            cut: () => false,
            serve: () => replica.call(operation, input),
            lossy: parts.lossy(),
          },
          parts,
        );
        trace.note('user', `${operation} ${JSON.stringify(input).slice(0, 160)} was answered by ${replica.name}`);
        return answer as T;
      } catch (error) {
        const { code, message } = error as { readonly code?: string; readonly message: string };
        trace.note('user', `${operation} failed: ${code ?? ''} ${message}`);
        const isAnswer = !(error instanceof NetworkError) && code !== undefined;
        if (isAnswer) return undefined;
        await process.wait(200 + random.next() * 1_000 * Math.min(failures + 1, 8));
      }
    }
  }

  async function runTask(family: string): Promise<void> {
    if (endless.includes(family) && endlessTasks.size >= mostEndless) return;
    const count = random.int(1, 4);
    const clientToken = `token-${++tokens}`;
    launches.set(clientToken, count);
    const input = { taskDefinition: family, count, clientToken, startedBy: clientToken };
    const answer = await ask<TaskAnswer>('RunTask', input);
    for (const { taskArn } of answer?.tasks ?? []) {
      tasks.set(taskArn, tasks.get(taskArn) ?? false);
      if (endless.includes(family)) endlessTasks.add(taskArn);
    }
  }

  async function stopTask(taskArn: string): Promise<void> {
    const answer = await ask('StopTask', { task: taskArn, reason: 'no longer needed' });
    if (answer === undefined) return;
    tasks.set(taskArn, true);
    endlessTasks.delete(taskArn);
  }

  async function updateService(name: string): Promise<void> {
    const before = services.get(name);
    if (!before || busy.has(name)) return;
    busy.add(name);
    const desired = random.chance(0.6) ? random.int(0, 4) : before.desired;
    const family = random.chance(0.4) ? random.pick(lasting) : before.family;
    const answer = await ask('UpdateService', {
      service: name,
      desiredCount: desired,
      taskDefinition: family,
      forceNewDeployment: random.chance(0.15),
    });
    if (answer !== undefined) services.set(name, { desired, family });
    busy.delete(name);
  }

  async function instances(): Promise<readonly { readonly arn: string; readonly status: string }[]> {
    const listed = await ask<{ readonly containerInstanceArns?: readonly string[] }>('ListContainerInstances', {});
    const drained = await ask<{ readonly containerInstanceArns?: readonly string[] }>('ListContainerInstances', {
      status: 'DRAINING',
    });
    const draining = new Set(drained?.containerInstanceArns ?? []);
    const arns = new Set([...(listed?.containerInstanceArns ?? []), ...draining]);
    return [...arns].sort().map((arn) => ({ arn, status: draining.has(arn) ? 'DRAINING' : 'ACTIVE' }));
  }

  const setState = (arn: string, status: string) =>
    ask('UpdateContainerInstancesState', { containerInstances: [arn], status });

  async function drainOrDeregister(): Promise<void> {
    const known = await instances();
    if (known.length === 0) return;
    const { arn, status } = random.pick(known);
    if (random.chance(0.2)) await ask('DeregisterContainerInstance', { containerInstance: arn, force: true });
    else await setState(arn, status === 'ACTIVE' ? 'DRAINING' : 'ACTIVE');
  }

  return {
    promised: { tasks, launches, services },
    async prepare() {
      for (const { family, containerDefinitions } of definitions)
        if (known.includes(family)) await ask('RegisterTaskDefinition', { family, containerDefinitions });
      for (const serviceName of serviceNames) {
        const desired = random.int(0, 4);
        const family = random.pick(lasting);
        const clientToken = `service-${serviceName}`;
        await ask('CreateService', { serviceName, taskDefinition: family, desiredCount: desired, clientToken });
        services.set(serviceName, { desired, family });
      }
    },
    async act() {
      const dice = random.next();
      if (dice < 0.45) return runTask(random.pick(known));
      if (dice < 0.5) {
        // Many at once want the same room.
        const family = random.pick(known);
        await Promise.all([1, 2, 3, 4].map(() => runTask(family)));
        return;
      }
      if (dice < 0.72) {
        const known = [...tasks].filter(([, stopped]) => !stopped).map(([arn]) => arn);
        return known.length > 0 ? stopTask(random.pick(known)) : undefined;
      }
      if (dice < 0.94) return updateService(random.pick(serviceNames));
      return drainOrDeregister();
    },
    async settle() {
      for (const { arn, status } of await instances()) if (status === 'DRAINING') await setState(arn, 'ACTIVE');
      for (const arn of [...endlessTasks].slice(mostEndless)) await stopTask(arn);
    },
    async describe<T>(operation: string, input: unknown) {
      return (await ask<T>(operation, input)) as T;
    },
  };
}
