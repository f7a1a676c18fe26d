// Services, tasks and a small world for tests of the keeper's plans: agents do in a round what they are told, or not, as
// luck says.
import type { Deployment } from '../services/rows.ts';
import { planService } from '../keeper/plan.ts';
import type { KeptInstance, KeptService, KeptTask, ServicePlan } from '../keeper/types.ts';

export const settleMs = 40_000;

export function deployment(id: string, more: Partial<Deployment> = {}): Deployment {
  return {
    id,
    status: 'PRIMARY',
    definitionArn: `d-${id}`,
    hasHealthCheck: false,
    createdAt: 0,
    updatedAt: 0,
    failedTasks: 0,
    failedRounds: 0,
    retryAt: 0,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: '',
    ...more,
  };
}

export function service(more: Partial<KeptService> = {}): KeptService {
  return {
    status: 'ACTIVE',
    strategy: 'REPLICA',
    external: false,
    graceMs: 0,
    circuitBreaker: undefined,
    shifting: undefined,
    alarms: undefined,
    lastCompleted: undefined,
    rollout: undefined,
    moving: undefined,
    balance: 'none',
    desiredCount: 2,
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    deployments: [deployment('new')],
    steady: false,
    ...more,
  };
}

export function task(arn: string, more: Partial<KeptTask> = {}): KeptTask {
  return {
    arn,
    deploymentId: 'new',
    instanceArn: 'i',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: 'UNKNOWN',
    startedAt: 0,
    stoppedAt: undefined,
    createdAt: 0,
    stopCode: '',
    targetHealth: '',
    draining: false,
    lost: false,
    protectedUntil: 0,
    zone: '',
    ...more,
  };
}

export function instance(arn: string, more: Partial<KeptInstance> = {}): KeptInstance {
  return { arn, zone: '', status: 'ACTIVE', connected: true, lost: false, suits: true, room: true, others: 0, ...more };
}

export interface World {
  service: KeptService;
  tasks: KeptTask[];
  instances: KeptInstance[];
  now: number;
  made: number;
}

export interface Laws {
  /** Whether an agent acts in this round. */
  readonly luck: () => boolean;
  /** What a task that is to start comes to. */
  readonly outcome?: (task: KeptTask) => 'runs' | 'fails' | 'ends';
  /** Told of each plan before it is carried out. */
  readonly watch?: (world: World, plan: ServicePlan) => void;
}

/** Where placement puts a task that may go anywhere: the instance with the fewest. */
function emptiest(world: World): string {
  const load = (arn: string) =>
    world.tasks.filter((each) => each.instanceArn === arn && each.lastStatus !== 'STOPPED').length;
  const usable = world.instances.filter((each) => each.status === 'ACTIVE' && each.connected && each.room);
  return usable.toSorted((a, b) => load(a.arn) - load(b.arn))[0]?.arn ?? '';
}

function start(world: World, id: string, where: string): void {
  const place = world.instances.find((each) => each.arn === where);
  world.made += 1;
  world.tasks.push(
    task(`t${world.made}`, {
      deploymentId: id,
      instanceArn: where,
      zone: place?.zone ?? '',
      lastStatus: 'PENDING',
      startedAt: undefined,
      createdAt: world.now,
    }),
  );
}

function act(each: KeptTask, now: number, laws: Laws): KeptTask {
  if (each.lastStatus === 'STOPPED') return each;
  const outcome = laws.outcome?.(each) ?? 'runs';
  // One that ends early does so in its first ten seconds: later it would count as healthy.
  const endsNow = outcome === 'ends' && each.lastStatus === 'RUNNING';
  if (!laws.luck() && !endsNow) return each;
  const end = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedAt: now } as const;
  if (each.desiredStatus === 'STOPPED')
    return { ...each, ...end, stopCode: each.stopCode || 'ServiceSchedulerInitiated' };
  if (each.lastStatus === 'RUNNING')
    return outcome === 'ends' ? { ...each, ...end, stopCode: 'EssentialContainerExited' } : each;
  if (outcome === 'fails') return { ...each, ...end, stopCode: 'TaskFailedToStart' };
  return { ...each, lastStatus: 'RUNNING', startedAt: now };
}

/** One round of the keeper and ten seconds of the world. */
export function round(world: World, laws: Laws): ServicePlan {
  const byArn = new Map(world.instances.map((each) => [each.arn, each]));
  world.tasks = world.tasks.map((each) => {
    const place = byArn.get(each.instanceArn);
    return { ...each, draining: place?.status === 'DRAINING', lost: place?.lost ?? false };
  });
  const others = (arn: string) => byArn.get(arn)?.others ?? 0;
  const instances = world.instances.map((each) => ({ ...each, others: others(each.arn) }));
  const plan = planService(world.service, world.tasks, instances, { now: world.now, settleMs });
  laws.watch?.(world, plan);
  const settled = new Set(plan.settle);
  const told = new Set(plan.stop.map((each) => each.arn));
  const { deployments, lastCompleted, rollout, moving, steady, desiredCount } = plan;
  world.service = { ...world.service, deployments, lastCompleted, rollout, moving, steady, desiredCount };
  world.tasks = world.tasks
    .filter((each) => !settled.has(each.arn))
    .map((each) => (told.has(each.arn) ? { ...each, desiredStatus: 'STOPPED' as const } : each));
  const id = deployments[0]?.id ?? '';
  for (const where of plan.startOn) start(world, id, where);
  for (let at = 0; at < plan.start; at++) start(world, id, emptiest(world));
  world.now += 10_000;
  world.tasks = world.tasks.map((each) => (each.lost ? each : act(each, world.now, laws)));
  return plan;
}
