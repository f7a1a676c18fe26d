// What people can ask of the control plane, each time through whichever replica answers, and again with the same token when
// they hear nothing. What was answered to them is a promise, and is written down.
import { definitions, endless } from './definitions.ts';
import { callOver, NetworkError } from './network.ts';
import type { Replica } from './plane.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

export interface ServiceWish {
  readonly desired: number;
  readonly family: string;
}

export interface Promised {
  /** Tasks whose launch was answered; true once their stop was answered too. */
  readonly tasks: ReadonlyMap<string, boolean>;
  /** How many tasks each RunTask asked for at most, by its `startedBy`. */
  readonly launches: ReadonlyMap<string, number>;
  /** What the services were last answered to be. */
  readonly services: ReadonlyMap<string, ServiceWish>;
}

export interface InstanceSeen {
  readonly arn: string;
  readonly status: 'ACTIVE' | 'DRAINING';
}

/** Each resolves when it was answered. */
export interface People {
  readonly promised: Promised;
  register(families: readonly string[]): Promise<void>;
  /** The ARNs of the tasks that were launched. */
  runTask(family: string, count: number): Promise<readonly string[]>;
  stopTask(arn: string): Promise<void>;
  createService(name: string, wish: ServiceWish): Promise<void>;
  updateService(name: string, wish: ServiceWish, force?: boolean): Promise<void>;
  instances(): Promise<readonly InstanceSeen[]>;
  setState(instance: string, status: InstanceSeen['status']): Promise<void>;
  deregister(instance: string): Promise<void>;
  /** Standalone tasks that run on. */
  endlessTasks(): readonly string[];
}

export interface PeopleParts {
  readonly process: Process;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly replicas: readonly Replica[];
  readonly lossy: () => boolean;
}

interface TaskAnswer {
  readonly tasks?: readonly { readonly taskArn: string }[];
}

interface InstanceAnswer {
  readonly containerInstanceArns?: readonly string[];
}

/** Undefined if the service answered with an error of its own. */
type Ask = <T>(operation: string, input: unknown) => Promise<T | undefined>;

function asking(parts: PeopleParts): Ask {
  const { process, random, trace, replicas } = parts;
  return async <T>(operation: string, input: unknown) => {
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
  };
}

export function createPeople(parts: PeopleParts): People {
  const ask = asking(parts);
  const tasks = new Map<string, boolean>();
  const launches = new Map<string, number>();
  const endlessTasks = new Set<string>();
  const services = new Map<string, ServiceWish>();
  let tokens = 0;

  return {
    promised: { tasks, launches, services },
    endlessTasks: () => [...endlessTasks],
    async register(families) {
      for (const { family, containerDefinitions } of definitions)
        if (families.includes(family)) await ask('RegisterTaskDefinition', { family, containerDefinitions });
    },
    async runTask(family, count) {
      const clientToken = `token-${++tokens}`;
      launches.set(clientToken, count);
      const input = { taskDefinition: family, count, clientToken, startedBy: clientToken };
      const answer = await ask<TaskAnswer>('RunTask', input);
      const arns = (answer?.tasks ?? []).map((task) => task.taskArn);
      for (const arn of arns) {
        tasks.set(arn, tasks.get(arn) ?? false);
        if (endless.includes(family)) endlessTasks.add(arn);
      }
      return arns;
    },
    async stopTask(arn) {
      const answer = await ask('StopTask', { task: arn, reason: 'no longer needed' });
      if (answer === undefined) return;
      tasks.set(arn, true);
      endlessTasks.delete(arn);
    },
    async createService(name, wish) {
      const { desired: desiredCount, family: taskDefinition } = wish;
      const clientToken = `service-${name}`;
      await ask('CreateService', { serviceName: name, taskDefinition, desiredCount, clientToken });
      services.set(name, wish);
    },
    async updateService(name, wish, forceNewDeployment = false) {
      const { desired: desiredCount, family: taskDefinition } = wish;
      const input = { service: name, desiredCount, taskDefinition, forceNewDeployment };
      if ((await ask('UpdateService', input)) !== undefined) services.set(name, wish);
    },
    async instances() {
      const listed = await ask<InstanceAnswer>('ListContainerInstances', {});
      const drained = await ask<InstanceAnswer>('ListContainerInstances', { status: 'DRAINING' });
      const draining = new Set(drained?.containerInstanceArns ?? []);
      const arns = new Set([...(listed?.containerInstanceArns ?? []), ...draining]);
      return [...arns].sort().map((arn) => ({ arn, status: draining.has(arn) ? 'DRAINING' : 'ACTIVE' }));
    },
    async setState(arn, status) {
      await ask('UpdateContainerInstancesState', { containerInstances: [arn], status });
    },
    async deregister(arn) {
      await ask('DeregisterContainerInstance', { containerInstance: arn, force: true });
    },
  };
}
