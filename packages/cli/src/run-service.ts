// `longshore run --service`: a service of that name, made or given the new task definition, and waited for.
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  type ECSClient,
  ListTasksCommand,
  type Service,
  type Task,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import { describeTasks } from './ecs-client.ts';
import { stopText } from './run-wait.ts';
import type { CliParts } from './types.ts';

export interface ServiceRequest {
  readonly cluster: string;
  readonly service: string;
  readonly taskDefinition: string;
  readonly count: number;
  /** Whether commands may be run in its containers; of a service that is there, only ever switched on. */
  readonly exec?: boolean | undefined;
  readonly withinMs: number;
  /** False = do not wait until it runs. */
  readonly wait: boolean;
}

/** Makes or updates the service; resolves to its tasks when they run (to none without waiting). Throws `UserError` with what ECS says of it. */
export async function runService(
  client: ECSClient,
  request: ServiceRequest,
  parts: CliParts,
): Promise<readonly Task[]> {
  const { cluster, service, taskDefinition, count } = request;
  const exec = request.exec ? { enableExecuteCommand: true } : {};
  const existing = await describe(client, request);
  if (existing?.status === 'ACTIVE') {
    const desiredCount = count;
    await client.send(new UpdateServiceCommand({ cluster, service, taskDefinition, desiredCount, ...exec }));
    parts.io.err(`service ${service} is updated\n`);
  } else {
    await client.send(
      new CreateServiceCommand({
        cluster,
        serviceName: service,
        taskDefinition,
        desiredCount: count,
        launchType: 'EC2',
        ...exec,
      }),
    );
    parts.io.err(`service ${service} is created\n`);
  }
  return request.wait ? untilStable(client, request, parts) : [];
}

async function describe(client: ECSClient, { cluster, service }: ServiceRequest): Promise<Service | undefined> {
  const answer = await client.send(new DescribeServicesCommand({ cluster, services: [service] }));
  return answer.services?.[0];
}

async function untilStable(
  client: ECSClient,
  request: ServiceRequest,
  { io, clock }: CliParts,
): Promise<readonly Task[]> {
  const deadline = clock.now() + request.withinMs;
  const since = clock.now() - 1000;
  const failures = new Set<string>();
  let said = '';
  for (;;) {
    const service = await describe(client, request);
    const state = `${service?.runningCount ?? 0} of ${request.count} tasks run`;
    if (state !== said) io.err(`${state}\n`);
    said = state;
    const tasks = await tasksOf(client, request, 'RUNNING');
    const current = tasks.filter((task) => task.taskDefinitionArn === request.taskDefinition);
    if (service && isStable(service, request) && current.filter(isRunning).length === request.count) return current;
    for (const task of await tasksOf(client, request, 'STOPPED')) {
      const own = task.taskDefinitionArn === request.taskDefinition && (task.createdAt?.getTime() ?? 0) >= since;
      if (!own || failures.has(task.taskArn ?? '')) continue;
      failures.add(task.taskArn ?? '');
      io.err(`${stopText(task)}\n`);
    }
    if (failures.size >= 3 || clock.now() >= deadline) throw notStable(service, request, failures.size);
    await clock.sleep(250);
  }
}

function isStable(service: Service, { count, taskDefinition }: ServiceRequest): boolean {
  return (
    service.deployments?.length === 1 &&
    service.runningCount === count &&
    (service.taskDefinition === undefined || service.taskDefinition === taskDefinition)
  );
}

function isRunning(task: Task): boolean {
  return task.lastStatus === 'RUNNING';
}

async function tasksOf(
  client: ECSClient,
  { cluster, service }: ServiceRequest,
  desiredStatus: 'RUNNING' | 'STOPPED',
): Promise<readonly Task[]> {
  const listed = await client.send(new ListTasksCommand({ cluster, serviceName: service, desiredStatus }));
  return describeTasks(client, cluster, listed.taskArns ?? []);
}

function notStable(
  service: Service | undefined,
  { service: name, withinMs }: ServiceRequest,
  failed: number,
): UserError {
  const event = service?.events?.[0]?.message;
  const what = failed >= 3 ? `${failed} of its tasks have stopped` : `it does not run whole after ${withinMs / 1000} s`;
  return new UserError(
    `Service ${name}: ${what}; it goes on trying.${event ? `\n${event}` : ''}`,
    `Look with: longshore ps --all. End it with: longshore stop ${name}`,
  );
}
