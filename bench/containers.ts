// RunTask → RUNNING beside `docker run` of the same image, interleaved in one run. A task counts as running when
// DescribeTasks says so; `docker run -d` when the command returns. Both start a container on the same Engine and bridge.
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
import { median, percentile, printTable } from './harness.ts';

const rounds = Number(process.env.ROUNDS ?? 15);

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
await ecs.send(
  new RegisterTaskDefinitionCommand({
    family: 'bench',
    containerDefinitions: [{ name: 'main', image, command: ['sleep', '600'], memory: 16, stopTimeout: 2 }],
  }),
);
await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);

/** Milliseconds from the call of RunTask to the first DescribeTasks that says RUNNING, and to the container's own start. */
async function runTask(): Promise<number> {
  const start = performance.now();
  const answer = await ecs.send(new RunTaskCommand({ taskDefinition: 'bench' }));
  const arn = answer.tasks?.[0]?.taskArn ?? '';
  for (;;) {
    const task = (await ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0];
    if (task?.lastStatus === 'STOPPED') throw new Error(`the task stopped: ${task.stoppedReason}`);
    if (task?.lastStatus === 'RUNNING') break;
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

await runTask();
await dockerRun();
const ours: number[] = [];
const peer: number[] = [];
for (let round = 0; round < rounds; round++) {
  ours.push(await runTask());
  peer.push(await dockerRun());
}
printTable(
  ['', 'p50 ms', 'p90 ms', 'ratio of p50'],
  [
    [
      'Longshore RunTask → RUNNING',
      median(ours).toFixed(0),
      percentile(ours, 0.9).toFixed(0),
      (median(ours) / median(peer)).toFixed(2),
    ],
    ['docker run -d', median(peer).toFixed(0), percentile(peer, 0.9).toFixed(0), '1.00'],
  ],
);
ecs.destroy();
await docker.removeImage(image);
