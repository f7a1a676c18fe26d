// Amazon's own agent (amazon-ecs-agent, unmodified) as the agent of a machine: it registers, runs, reports, measures and
// stops tasks of Longshore. `script/go-tools amazon-ecs-agent` builds it; without it (or root) this is skipped.
import {
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker } from './support/docker.ts';
import { reaches, runTask } from './support/ecs.ts';
import { goTool } from './support/go-tools.ts';
import { importBusybox } from './support/images.ts';
import { until } from './support/longshore.ts';
import { type Machine, type Machines, startMachines, whyNoMachines } from './support/machines.ts';
import { metric } from './support/metrics.ts';

const binary = goTool('amazon-ecs-agent');
const whyNot =
  whyNoMachines ?? (binary === undefined ? 'script/go-tools amazon-ecs-agent has not built it' : undefined);
if (whyNot !== undefined) process.stderr.write(`Amazon's agent is not tested: ${whyNot}.\n`);

/** Starts the agent in the machine's namespace as its documentation says for machines outside of EC2. */
function startAmazonAgent(machines: Machines, machine: Machine, folder: string): ChildProcess {
  const { longshore } = machines;
  const out = openSync(join(folder, 'agent.log'), 'a');
  const args = [`--net=/run/netns/${machine.namespace}`, binary ?? '', '-k', '-blackhole-ec2-metadata'];
  return spawn('nsenter', args, {
    stdio: ['ignore', out, out],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      DOCKER_HOST: machine.engine.host,
      AWS_DEFAULT_REGION: longshore.credentials.region,
      AWS_ACCESS_KEY_ID: longshore.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: longshore.credentials.secretAccessKey,
      ECS_EXTERNAL: 'true',
      ECS_CLUSTER: 'default',
      ECS_BACKEND_HOST: longshore.url,
      ECS_DATADIR: folder,
      ECS_IMAGE_PULL_BEHAVIOR: 'prefer-cached',
      // Needs a cgroup of ECS's own.
      ECS_ENABLE_TASK_CPU_MEM_LIMIT: 'false',
    },
  });
}

describe.skipIf(whyNot !== undefined)("Amazon's own agent", { timeout: 120_000 }, () => {
  let machines: Machines;
  let machine: Machine;
  let agent: ChildProcess | undefined;
  const image = 'longshore-amazon-agent/busybox:1';
  const folder = mkdtempSync(join(tmpdir(), 'amazon-agent-'));
  const log = () => readFileSync(join(folder, 'agent.log'), 'utf8');

  async function stopAgent(): Promise<void> {
    const child = agent;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  }

  beforeAll(async () => {
    machines = await startMachines({ count: 1, machine: () => ({ agent: false }) });
    machine = machines.all[0] as Machine;
    // Amazon's agent asks a registry of ECR's kind over https only; the image is on the machine already.
    await importBusybox(image);
    await machines.load(image);
    await docker.removeImage(image);
    agent = startAmazonAgent(machines, machine, folder);
    await machines.connected(1).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${log().slice(-20_000)}`);
    });
  }, 120_000);

  afterAll(async () => {
    await stopAgent();
    await machines?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const reached = (arn: string, status: 'RUNNING' | 'STOPPED') =>
    reaches(machines.ecs, arn, status).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${log().slice(-20_000)}`);
    });

  async function define(family: string, command: string): Promise<void> {
    await machines.ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        containerDefinitions: [
          {
            name: 'main',
            image,
            memory: 64,
            command: ['sh', '-c', command],
            environment: [{ name: 'GREETING', value: 'from Longshore' }],
            portMappings: [{ containerPort: 80 }],
          },
        ],
      }),
    );
  }

  test('registers with what the machine has', async () => {
    const { containerInstanceArns } = await machines.ecs.send(new ListContainerInstancesCommand({}));
    const { containerInstances } = await machines.ecs.send(
      new DescribeContainerInstancesCommand({ containerInstances: containerInstanceArns }),
    );
    expect(containerInstances).toHaveLength(1);
    expect(containerInstances?.[0]).toMatchObject({ status: 'ACTIVE', agentConnected: true });
    expect(containerInstances?.[0]?.versionInfo?.agentVersion).toMatch(/^\d+\.\d+/);
    expect(
      containerInstances?.[0]?.registeredResources?.find(({ name }) => name === 'CPU')?.integerValue,
    ).toBeGreaterThan(0);
  });

  test('runs a task, reports it, measures it and stops it', async () => {
    await define('amazon-stays', 'echo "$GREETING"; trap "exit 7" TERM; while :; do sleep 0.1; done');
    const arn = await runTask(machines.ecs, 'amazon-stays');
    const running = await reached(arn, 'RUNNING');
    expect(running.containers?.[0]).toMatchObject({ name: 'main', lastStatus: 'RUNNING' });
    expect(running.containers?.[0]?.runtimeId).toMatch(/^[0-9a-f]{64}$/);
    expect(running.containers?.[0]?.networkBindings?.[0]).toMatchObject({ containerPort: 80 });
    const here = await machine.containers(`com.amazonaws.ecs.task-arn=${arn}`);
    expect(here.map((each) => each.id)).toEqual([running.containers?.[0]?.runtimeId]);
    expect(await machine.docker('logs', here[0]?.id ?? '')).toContain('from Longshore');
    const frames = 'longshore_containers_agent_frames_total';
    await until(
      'it was measured',
      async () => (await metric(machines.longshore, frames, 'type="PublishMetricsRequest"')) > 0,
      90_000,
    );

    await machines.ecs.send(new StopTaskCommand({ task: arn, reason: 'shown' }));
    const stopped = await reached(arn, 'STOPPED');
    expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'shown' });
    expect(stopped.containers?.[0]?.exitCode).toBe(7);
    expect(await machine.running()).toEqual([]);
  });

  test('reports how a task ended by itself', async () => {
    await define('amazon-ends', 'exit 3');
    const stopped = await reached(await runTask(machines.ecs, 'amazon-ends'), 'STOPPED');
    expect(stopped.stopCode).toBe('EssentialContainerExited');
    expect(stopped.containers?.[0]?.exitCode).toBe(3);
  });

  test('finds its tasks again when it was killed, and runs none twice', async () => {
    const arn = await runTask(machines.ecs, 'amazon-stays');
    const before = await reached(arn, 'RUNNING');
    await stopAgent();
    await machines.connected(0);
    agent = startAmazonAgent(machines, machine, folder);
    await machines.connected(1);
    expect((await machine.containers()).filter((each) => each.state === 'running').map((each) => each.id)).toEqual([
      before.containers?.[0]?.runtimeId,
    ]);
    await machines.ecs.send(new StopTaskCommand({ task: arn }));
    expect((await reached(arn, 'STOPPED')).containers?.[0]?.exitCode).toBe(7);
  });
});
