// RunTask → RUNNING beside `docker run -d` of the same image, in turns in one run. A task counts as running when
// DescribeTasks says so; `docker run -d` when the command returns. All start the same program with the same limits on the
// same Engine: a task in a network namespace of its own (a host name of one's own asks for that), a task in one that the
// agent prepared, and a container on the same bridge. Each begins when nothing else goes on: what ran before is gone and
// the namespaces are prepared, so that nobody pays for another's launch.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTasksCommand, ECSClient, RegisterTaskDefinitionCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { dockerCli, run } from '../test/support/command.ts';
import { docker } from '../test/support/docker.ts';
import { connectedInstances } from '../test/support/ecs.ts';
import { copyToRegistry, importBusybox } from '../test/support/images.ts';
import { type Longshore, startLongshore, until } from '../test/support/longshore.ts';
import { registryAuthorization } from '../test/support/push.ts';
import { callEcs, type Target } from './containers-client.ts';
import { interleave, median, percentile, printTable } from './harness.ts';

/** Namespaces that the agent keeps ready. */
const preparedNetworks = 2;
/** Pause between two DescribeTasks: each takes time from the launch that it watches, which `docker run` does not pay. */
const lookMs = 10;

const sides = ['own', 'prepared', 'docker'] as const;
type Side = (typeof sides)[number];

interface Described {
  readonly tasks: readonly { readonly taskArn: string; readonly lastStatus: string; readonly stoppedReason?: string }[];
}

/** Milliseconds from the call of RunTask to the first DescribeTasks that says RUNNING; and the task. */
async function runTask(target: Target, family: string): Promise<{ readonly took: number; readonly arn: string }> {
  const start = performance.now();
  const answer = (await callEcs(target, 'RunTask', { taskDefinition: family })) as Described;
  const arn = answer.tasks[0]?.taskArn ?? '';
  for (;;) {
    const [task] = ((await callEcs(target, 'DescribeTasks', { tasks: [arn] })) as Described).tasks;
    if (task?.lastStatus === 'STOPPED') throw new Error(`the task stopped: ${task.stoppedReason}`);
    if (task?.lastStatus === 'RUNNING') return { took: performance.now() - start, arn };
    await sleep(lookMs);
  }
}

async function dockerRun(image: string): Promise<{ readonly took: number; readonly id: string }> {
  // Two CPU shares are what a container gets whose definition names no cpu, as on ECS.
  const limits = ['--memory', '16m', '--cpu-shares', '2'];
  const start = performance.now();
  const id = (await run(dockerCli, ['run', '-d', ...limits, image, 'sleep', '600'])).trim();
  return { took: performance.now() - start, id };
}

/** Waits until the agent keeps as many namespaces as it is to. */
async function prepared(longshore: Longshore): Promise<void> {
  const file = readFileSync(join(longshore.dataDir, 'agent', 'instance.json'), 'utf8');
  const { agentId } = JSON.parse(file) as { readonly agentId: string };
  const filters = ['--filter', `label=longshore.network-holder=${agentId}`, '--filter', 'status=running'];
  await until('the networks are prepared', async () => {
    const ids = (await run(dockerCli, ['ps', '--quiet', ...filters])).split('\n').filter((id) => id !== '');
    return ids.length === preparedNetworks;
  });
}

/** Prints the table of launches; `rounds` of each kind. */
export async function benchLaunch(rounds: number): Promise<void> {
  await using longshore = await startLongshore({ env: { LONGSHORE_PREPARED_NETWORKS: String(preparedNetworks) } });
  const { credentials, url: endpoint } = longshore;
  const ecs = new ECSClient({ endpoint, region: credentials.region, credentials });
  const target = { url: endpoint, region: credentials.region, credentials };
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

  const measured: Record<Side, number[]> = { own: [], prepared: [], docker: [] };
  async function launch(side: Side): Promise<void> {
    await prepared(longshore);
    if (side === 'docker') {
      const { took, id } = await dockerRun(image);
      measured.docker.push(took);
      await docker.remove(id);
      return;
    }
    const { took, arn } = await runTask(target, side);
    measured[side].push(took);
    await ecs.send(new StopTaskCommand({ task: arn }));
    const status = async () => (await ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0]?.lastStatus;
    await until('the task is stopped', async () => (await status()) === 'STOPPED');
  }
  // The first round pulls the image and warms everything up.
  await interleave(1, sides, launch);
  for (const side of sides) measured[side].length = 0;
  await interleave(rounds, sides, launch);

  const row = (name: string, side: Side) => [
    name,
    median(measured[side]).toFixed(0),
    percentile(measured[side], 0.9).toFixed(0),
    `${Math.min(...measured[side]).toFixed(0)}–${Math.max(...measured[side]).toFixed(0)}`,
    (median(measured[side]) / median(measured.docker)).toFixed(2),
  ];
  printTable(
    [`${rounds} rounds`, 'p50 ms', 'p90 ms', 'range', 'ratio of p50'],
    [
      row('Longshore RunTask → RUNNING, own network namespace', 'own'),
      row('Longshore RunTask → RUNNING, prepared one', 'prepared'),
      row('docker run -d', 'docker'),
    ],
  );
  ecs.destroy();
  await docker.removeImage(image);
}
