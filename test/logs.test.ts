// Logs from a container's output to the clients that read them: `awslogs` through the agent to the server's logs, complete
// though the server and its agent are killed in between; the SDK, `aws logs tail` and `longshore logs`.
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type OutputLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, run } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances, reaches, runTask } from './support/ecs.ts';
import { importBusybox } from './support/images.ts';
import { type Longshore, root, startLongshore, until } from './support/longshore.ts';

const args = ['--image-pull', 'prefer-cached'];
const image = 'longshore-logs-test:1';
let longshore: Longshore;

const clientOf = () => ({
  endpoint: longshore.url,
  region: longshore.credentials.region,
  credentials: longshore.credentials,
});

beforeAll(async () => {
  longshore = await startLongshore({ args });
  await importBusybox(image);
  const ecs = new ECSClient(clientOf());
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
  ecs.destroy();
});

afterAll(async () => {
  await longshore?.[Symbol.asyncDispose]();
  await docker.removeImage(image);
});

async function launch(family: string, script: string, options: Readonly<Record<string, string>>): Promise<string> {
  const ecs = new ECSClient(clientOf());
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      containerDefinitions: [
        {
          name: 'main',
          image,
          memory: 32,
          command: ['sh', '-c', script],
          stopTimeout: 2,
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'p', ...options },
          },
        },
      ],
    }),
  );
  const arn = await runTask(ecs, family);
  ecs.destroy();
  return arn;
}

const idOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

async function eventsOf(group: string, arn: string): Promise<OutputLogEvent[]> {
  const client = new CloudWatchLogsClient(clientOf());
  const stream = { logGroupName: group, logStreamName: `p/main/${idOf(arn)}`, startFromHead: true };
  const { events } = await client.send(new GetLogEventsCommand(stream)).catch(() => ({ events: [] }));
  client.destroy();
  return events ?? [];
}

test('every line arrives once and in order, though server and agent are killed in between', async () => {
  const group = '/ecs/steady';
  const count = 60;
  const script = `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo problem >&2; sleep 60`;
  const arn = await launch('steady', script, { 'awslogs-group': group, 'awslogs-create-group': 'true' });
  await until('the first lines are there', async () => (await eventsOf(group, arn)).length > 5);
  await longshore.kill();
  longshore = await startLongshore({ dataDir: longshore.dataDir, port: longshore.port, args });
  const expected = [...Array.from({ length: count }, (_, i) => `line ${i + 1}`), 'problem'];
  const all = await until('the last line is there', async () => {
    const events = await eventsOf(group, arn);
    return events.some((each) => each.message === 'problem') ? events : undefined;
  });
  // A batch whose answer the agent did not live to see may have come again with more lines: each is there at least once.
  expect([...new Set(all.map((each) => each.message))]).toEqual(expected);
  const client = new CloudWatchLogsClient(clientOf());
  const filtered = await client.send(new FilterLogEventsCommand({ logGroupName: group, filterPattern: 'problem' }));
  expect(filtered.events?.map((each) => each.logStreamName)).toEqual([`p/main/${idOf(arn)}`]);
  client.destroy();
  const tail = ['--endpoint-url', longshore.url, 'logs', 'tail', group, '--format', 'short', '--since', '10m'];
  const tailed = await run(awsCli ?? 'aws', tail, { env: longshore.env });
  expect(tailed).toContain(' problem');
});

test('longshore logs -f shows it and ends with the task; events of several lines stay together', async () => {
  const arn = await launch('lines', 'echo ERROR one; echo "  at x"; echo ERROR two; sleep 2', {
    'awslogs-group': '/ecs/lines',
    'awslogs-create-group': 'true',
    'awslogs-multiline-pattern': '^ERROR',
  });
  await until('it has come', async () => (await eventsOf('/ecs/lines', arn)).length > 0);
  const shown = await run(join(root, 'bin', 'longshore'), ['logs', '-f', idOf(arn)], { env: longshore.env });
  expect(shown).toBe('ERROR one\n  at x\nERROR two\n');
  expect((await eventsOf('/ecs/lines', arn)).map((each) => each.message)).toEqual(['ERROR one\n  at x', 'ERROR two']);
});

test('longshore logs --filter shows what matches', async () => {
  const script = `echo '{"level":"info","n":1}'; echo '{"level":"error","n":2}'; echo plain; sleep 2; echo '{"level":"error","n":3}'`;
  const arn = await launch('filtered', script, { 'awslogs-group': '/ecs/filtered', 'awslogs-create-group': 'true' });
  await until('it has come', async () => (await eventsOf('/ecs/filtered', arn)).length > 0);
  const show = (...more: string[]) =>
    run(join(root, 'bin', 'longshore'), ['logs', ...more, idOf(arn)], { env: longshore.env });
  const pattern = '{ $.level = "error" && $.n > 1 }';
  expect(await show('-f', '--filter', pattern)).toBe('{"level":"error","n":2}\n{"level":"error","n":3}\n');
  expect(await show('-n', '1', '--filter', pattern)).toBe('{"level":"error","n":3}\n');
});

test('without its group a task does not start, and says why', async () => {
  const arn = await launch('groupless', 'true', { 'awslogs-group': '/none' });
  const ecs = new ECSClient(clientOf());
  const task = await reaches(ecs, arn, 'STOPPED');
  ecs.destroy();
  expect(task.stoppedReason).toMatch(
    /^ResourceInitializationError: .*ResourceNotFoundException: The specified log group does not exist/,
  );
});
