// Where the tasks of services are reached by load balancers and by those who look them up: from what is known of tasks and
// machines to targets and instances. Pure. A task is a target from its report of RUNNING until it is to stop.
import type { ContainerState, TaskTargets } from '../tasks.ts';
import type { TargetState, TaskInstance, TaskTarget } from '../types.ts';

export type TargetHealth = '' | 'INITIAL' | 'HEALTHY' | 'UNHEALTHY';

export interface AttachedTask {
  readonly arn: string;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly family: string;
  readonly region: string;
  readonly instanceArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly healthStatus: string;
  readonly targetHealth: TargetHealth;
  readonly targets: TaskTargets;
  readonly containers: readonly Pick<ContainerState, 'name' | 'networkBindings' | 'essential' | 'hasHealthCheck'>[];
  /** Of a task with a network namespace of its own. */
  readonly privateAddress?: string | undefined;
  readonly availabilityZone?: string | undefined;
}

export interface Machine {
  /** The EC2 instance's id, or the last part of the container instance's ARN. */
  readonly id: string;
  /** By which others reach it; unknown where its agent did not say. */
  readonly address: string | undefined;
}

const wildcards: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** The address and port at which others reach a container's port; undefined as long as nobody knows. */
export function placeOfPort(
  task: AttachedTask,
  containerName: string,
  containerPort: number,
  machine: Machine | undefined,
): { readonly address: string; readonly port: number } | undefined {
  if (task.privateAddress !== undefined) return { address: task.privateAddress, port: containerPort };
  const bindings = (task.containers.find((each) => each.name === containerName)?.networkBindings ?? []).filter(
    (each) => each.containerPort === containerPort && each.protocol !== 'udp' && (each.hostPort ?? 0) > 0,
  );
  // Published twice, for both families: the first family's is as good, and the machine's address is mostly of that.
  const binding = bindings.find((each) => !each.bindIP?.includes(':')) ?? bindings[0];
  if (binding?.hostPort !== undefined) {
    const address = wildcards.has(binding.bindIP ?? '') ? machine?.address : binding.bindIP;
    return address === undefined ? undefined : { address, port: binding.hostPort };
  }
  if (task.targets.networkMode !== 'host' || machine?.address === undefined) return undefined;
  return { address: machine.address, port: containerPort };
}

function serves(task: AttachedTask): boolean {
  return task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING';
}

function targetsOf(task: AttachedTask, machine: Machine | undefined): TaskTarget[] {
  return task.targets.loadBalancers.flatMap((each) => {
    const place = placeOfPort(task, each.containerName ?? '', each.containerPort ?? 0, machine);
    if (place === undefined || each.targetGroupArn === undefined) return [];
    return [{ ...place, targetGroupArn: each.targetGroupArn, owner: task.arn, instanceId: machine?.id ?? '' }];
  });
}

/** Healthy as far as it has a health check, which must have passed. */
function isFit(task: AttachedTask): boolean {
  const checked = task.containers.some((each) => each.essential && each.hasHealthCheck);
  return task.healthStatus !== 'UNHEALTHY' && (!checked || task.healthStatus === 'HEALTHY');
}

function instancesOf(task: AttachedTask, machine: Machine | undefined): TaskInstance[] {
  return task.targets.serviceRegistries.flatMap((each) => {
    const wanted = each.containerPort ?? each.port;
    const named = each.containerName ?? task.containers[0]?.name ?? '';
    const place = wanted === undefined ? undefined : placeOfPort(task, named, wanted, machine);
    const port = place?.port ?? each.port;
    const address = place?.address ?? task.privateAddress ?? machine?.address;
    if (address === undefined || each.registryArn === undefined) return [];
    const attributes: Record<string, string> = {
      AWS_INSTANCE_IPV4: address,
      ECS_CLUSTER_NAME: task.clusterName,
      ECS_SERVICE_NAME: task.serviceName,
      ECS_TASK_DEFINITION_FAMILY: task.family,
      REGION: task.region,
      ...(port !== undefined && { AWS_INSTANCE_PORT: String(port) }),
      ...(machine && { EC2_INSTANCE_ID: machine.id }),
      ...(task.availabilityZone !== undefined && { AVAILABILITY_ZONE: task.availabilityZone }),
    };
    return [{ registryArn: each.registryArn, owner: task.arn, address, port, attributes, healthy: isFit(task) }];
  });
}

export interface Registrations {
  readonly targets: readonly TaskTarget[];
  readonly instances: readonly TaskInstance[];
}

/** In the order of the tasks. */
export function planRegistrations(
  tasks: readonly AttachedTask[],
  machines: ReadonlyMap<string, Machine>,
): Registrations {
  const serving = tasks.filter(serves);
  return {
    targets: serving.flatMap((task) => targetsOf(task, machines.get(task.instanceArn))),
    instances: serving.flatMap((task) => instancesOf(task, machines.get(task.instanceArn))),
  };
}

/** Of all its target groups together: the worst. A group that nothing listens for checks nothing. */
export function targetHealthOf(task: AttachedTask, states: readonly TargetState[]): TargetHealth {
  const groups = new Set(task.targets.loadBalancers.map((each) => each.targetGroupArn));
  if (groups.size === 0) return '';
  if (states.some((each) => each.state === 'unhealthy')) return 'UNHEALTHY';
  const well = new Set(
    states.filter((each) => each.state === 'healthy' || each.state === 'unused').map((each) => each.targetGroupArn),
  );
  return well.size === groups.size ? 'HEALTHY' : 'INITIAL';
}

export interface Consequences {
  readonly health: readonly { readonly arn: string; readonly health: TargetHealth }[];
  /** DEACTIVATING tasks that no load balancer has any more: their agents may stop them. */
  readonly free: readonly string[];
  /** Whether something changes soon: a target is looked at for the first time, or drains. */
  readonly moving: boolean;
}

/** What follows for the tasks from the states of their targets. */
export function planConsequences(tasks: readonly AttachedTask[], states: readonly TargetState[]): Consequences {
  const byOwner = Map.groupBy(states, (each) => each.owner);
  const health: { arn: string; health: TargetHealth }[] = [];
  const free: string[] = [];
  let moving = false;
  for (const task of tasks) {
    const mine = byOwner.get(task.arn) ?? [];
    if (task.lastStatus === 'DEACTIVATING') {
      if (mine.length === 0) free.push(task.arn);
      else moving = true;
      continue;
    }
    if (!serves(task)) continue;
    const seen = targetHealthOf(task, mine);
    if (seen !== task.targetHealth) health.push({ arn: task.arn, health: seen });
    if (seen === 'INITIAL' || seen === 'UNHEALTHY') moving = true;
  }
  return { health, free, moving };
}
