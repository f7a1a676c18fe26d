// The container service: launches, placement decisions (containers-placement.ts), load (containers-scale.ts). First
// RunTask → RUNNING beside `docker run` of the same image, interleaved in one run. A task counts as running when
// DescribeTasks says so; `docker run -d` when the command returns. Both start a container on the same Engine and bridge:
// once in a network namespace of its own (a host name of one's own asks for that), once in one that the agent prepared.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { dockerCli, run } from '../test/support/command.ts';
import { docker } from '../test/support/docker.ts';
import { connectedInstances } from '../test/support/ecs.ts';
import { copyToRegistry, importBusybox } from '../test/support/images.ts';
import { startLongshore, until } from '../test/support/longshore.ts';
import { registryAuthorization } from '../test/support/push.ts';
import { benchPlacement } from './containers-placement.ts';
import { benchScale } from './containers-scale.ts';
import { median, percentile, printTable } from './harness.ts';

const rounds = Number(process.env.ROUNDS ?? 10);

await using longshore = await startLongshore({ env: { LONGSHORE_PREPARED_NETWORKS: process.env.PREPARED ?? '2' } });
const ecs = new ECSClient({
  endpoint: longshore.url,
  region: longshore.credentials.region,
  credentials: longshore.credentials,
});
const image = `${longshore.host}/bench:1`;
await importBusybox(image);
await copyToRegistry(image, await registryAuthorization(longshore));
await docker.removeImage(image);
for (const [family, more] of [
  ['prepared', {}],
  ['own', { hostname: 'bench' }],
] as const) {
  const container = { name: 'main', image, command: ['sleep', '600'], memory: 16, stopTimeout: 2, ...more };
  await ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [container] }));
}
await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);

/** Between rounds: the agent prepares networks when nothing was launched for two seconds. */
const betweenMs = 3_000;

/** Milliseconds from the call of RunTask to the first DescribeTasks (one each 5 ms) that says RUNNING. */
async function runTask(family: string): Promise<number> {
  const start = performance.now();
  const answer = await ecs.send(new RunTaskCommand({ taskDefinition: family }));
  const arn = answer.tasks?.[0]?.taskArn ?? '';
  for (;;) {
    const task = (await ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0];
    if (task?.lastStatus === 'STOPPED') throw new Error(`the task stopped: ${task.stoppedReason}`);
    if (task?.lastStatus === 'RUNNING') break;
    await sleep(5);
  }
  const took = performance.now() - start;
  await ecs.send(new StopTaskCommand({ task: arn }));
  await until(
    'the task is stopped',
    async () => (await ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0]?.lastStatus === 'STOPPED',
  );
  return took;
}

async function dockerRun(): Promise<number> {
  const start = performance.now();
  const id = (await run(dockerCli, ['run', '-d', '--memory', '16m', image, 'sleep', '600'])).trim();
  const took = performance.now() - start;
  await docker.remove(id);
  return took;
}

await runTask('own');
await dockerRun();
const measured = { own: [] as number[], prepared: [] as number[], docker: [] as number[] };
for (let round = 0; round < rounds; round++) {
  measured.own.push(await runTask('own'));
  measured.docker.push(await dockerRun());
  await sleep(betweenMs);
  measured.prepared.push(await runTask('prepared'));
}
const row = (name: string, times: readonly number[]) => [
  name,
  median(times).toFixed(0),
  percentile(times, 0.9).toFixed(0),
  (median(times) / median(measured.docker)).toFixed(2),
];
printTable(
  ['', 'p50 ms', 'p90 ms', 'ratio of p50'],
  [
    row('Longshore RunTask → RUNNING, own network namespace', measured.own),
    row('Longshore RunTask → RUNNING, prepared one', measured.prepared),
    row('docker run -d', measured.docker),
  ],
);
ecs.destroy();
await docker.removeImage(image);

process.stdout.write('\n');
benchPlacement();
process.stdout.write('\n');
await benchScale();
