// A container's output from the server's logs, for containers with the log driver `awslogs`: on any machine, and after they
// are gone.
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, type ECSClient, type Task } from '@aws-sdk/client-ecs';
import { AwsError, callJson } from '@longshore/aws';
import { type Clock, UserError } from '@longshore/base';
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { idOf } from './ecs-client.ts';

export interface LogPlace {
  readonly group: string;
  readonly stream: string;
}

/** Where the container's output goes; undefined if it stays with its Engine. */
export async function logPlace(client: ECSClient, task: Task, container: string): Promise<LogPlace | undefined> {
  const taskDefinition = task.taskDefinitionArn;
  if (taskDefinition === undefined) return undefined;
  const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const definition = answer.taskDefinition?.containerDefinitions?.find((each) => each.name === container);
  const { logDriver, options = {} } = definition?.logConfiguration ?? {};
  const group = options['awslogs-group'];
  if (logDriver !== 'awslogs' || group === undefined) return undefined;
  const prefix = options['awslogs-stream-prefix'];
  const stream = options['awslogs-stream'] || `${prefix ? `${prefix}/` : ''}${container}/${idOf(task.taskArn)}`;
  return { group, stream };
}

const pageSchema = z.object({
  events: z.array(z.object({ timestamp: z.number(), message: z.string() })).default([]),
  nextForwardToken: z.string(),
});

type Page = z.infer<typeof pageSchema>;

export interface Reading {
  readonly connection: Connection;
  readonly place: LogPlace;
  readonly follow: boolean;
  /** How many of the last lines; undefined = all. */
  readonly tail?: number | undefined;
  readonly timestamps: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether more may come. */
  readonly isOver: () => Promise<boolean>;
}

const pollMs = 1000;

/** The lines, each with its line break. Throws `UserError` if there is no such stream. */
export async function* streamLogs(reading: Reading): AsyncGenerator<string> {
  const { follow, tail, signal } = reading;
  let page = await ask(reading, tail === undefined ? { startFromHead: true } : { limit: Math.min(tail, 10_000) });
  yield* lines(reading, page);
  for (let isOver = false; !signal.aborted; ) {
    const before = page.nextForwardToken;
    page = await ask(reading, { nextToken: before, startFromHead: true });
    yield* lines(reading, page);
    if (page.nextForwardToken !== before) continue;
    // What was shipped between the last look and the task's end is read before this ends.
    if (!follow || isOver) return;
    isOver = await reading.isOver();
    await reading.clock.sleep(pollMs, signal);
  }
}

/** The line of an event, with its line break. */
export function textOf(
  { timestamps }: Pick<Reading, 'timestamps'>,
  { timestamp, message }: { readonly timestamp: number; readonly message: string },
): string {
  return `${timestamps ? `${new Date(timestamp).toISOString()} ` : ''}${message}\n`;
}

function* lines(reading: Reading, page: Page): Generator<string> {
  for (const event of page.events) yield textOf(reading, event);
}

async function ask(reading: Reading, more: object): Promise<Page> {
  const input = { logStreamName: reading.place.stream, ...more };
  return pageSchema.parse(await askLogs(reading, 'GetLogEvents', input));
}

/** Calls an operation about the group. Throws `UserError` if there is no such stream. */
export async function askLogs(
  { connection, place, signal }: Pick<Reading, 'connection' | 'place' | 'signal'>,
  operation: 'GetLogEvents' | 'FilterLogEvents',
  input: object,
): Promise<unknown> {
  try {
    return await callJson({
      endpoint: connection.endpoint,
      region: connection.region,
      credentials: connection.credentials,
      service: 'logs',
      target: `Logs_20140328.${operation}`,
      input: { logGroupName: place.group, ...input },
      signal,
    });
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException')
      throw new UserError(`There is no log stream ${place.stream} in ${place.group} (any more).`);
    throw error;
  }
}

/** Whether the task has stopped, or is gone. */
export async function hasStopped(client: ECSClient, task: Task): Promise<boolean> {
  const { tasks } = await client.send(
    new DescribeTasksCommand({ cluster: task.clusterArn, tasks: [task.taskArn ?? ''] }),
  );
  const [now] = tasks ?? [];
  return now === undefined || now.lastStatus === 'STOPPED';
}
