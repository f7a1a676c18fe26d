// What the agent's tests share: a control plane, an agent on the real Docker Engine in a folder of its own, tasks, and
// the removal of everything that the test made and nothing else.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AcsContainer, AcsTask } from '@longshore/aws';
import { type Logger, newHexId, silentLogger, systemClock } from '@longshore/base';
import { createAgent } from '../agent.ts';
import { createEngine, type Engine } from '../docker/engine.ts';
import type { ContainerSummary } from '../docker/types.ts';
import { createTransport } from '../docker/transport.ts';
import { holderLabel } from '../network/holders.ts';
import { networkLabel } from '../network/task-network.ts';
import { labels } from '../task/names.ts';
import type { AgentOptions } from '../types.ts';
import { type ControlPlane, clusterArn, startControlPlane, type SubmittedChange } from './control-plane.ts';

export const dockerHost = 'unix:///var/run/docker.sock';

/** Waits until `check` gives something; fails with `what` after `limitMs`. */
export async function until<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await systemClock.sleep(10);
  }
}

export interface Harness {
  readonly plane: ControlPlane;
  readonly engine: Engine;
  readonly dataDir: string;
  readonly log: Logger;
  options(more?: Partial<AgentOptions>): AgentOptions;
  /** Starts an agent in this process and waits for it to be ready. */
  start(more?: Partial<AgentOptions>): Promise<{ stop(): Promise<void> }>;
  /** Stops the agent that was started last and starts another in the same folder. */
  restart(): Promise<{ stop(): Promise<void> }>;
  /** What the agent remembers of itself. */
  identity(): Promise<{ readonly agentId: string }>;
  /** Containers that the agent of this test made for `arn`. */
  containers(arn: string): Promise<readonly ContainerSummary[]>;
  /** The newest change of `arn` with `status`, waited for. */
  reported(arn: string, status: string, limitMs?: number): Promise<SubmittedChange>;
  /** What a container with a terminal (`Tty`) wrote, once `enough` of it is there. */
  logs(id: string, enough: (text: string) => boolean): Promise<string>;
  close(): Promise<void>;
}

export async function openHarness(): Promise<Harness> {
  const plane = await startControlPlane();
  const engine = createEngine({ dockerHost });
  const dataDir = await mkdtemp(join(tmpdir(), 'longshore-agent-'));
  const agents: { stop(): Promise<void> }[] = [];

  const agentLabel = async () => {
    const text = await readFile(join(dataDir, 'instance.json'), 'utf8').catch(() => '{}');
    const { agentId } = JSON.parse(text) as { readonly agentId?: string };
    return agentId && `${labels.agent}=${agentId}`;
  };

  const harness: Harness = {
    plane,
    engine,
    dataDir,
    log: silentLogger,
    options: (more = {}) => ({
      endpoint: plane.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' },
      cluster: clusterArn,
      dataDir,
      dockerHost,
      bindAddress: '127.0.0.1',
      preparedNetworks: 0,
      clock: systemClock,
      log: silentLogger,
      ...more,
    }),
    async start(more) {
      const agent = createAgent(harness.options(more));
      const ended = agent.run();
      agents.push(agent);
      await Promise.race([agent.ready(), ended]);
      return agent;
    },
    async restart() {
      await agents.at(-1)?.stop();
      return harness.start();
    },
    async identity() {
      return JSON.parse(await readFile(join(dataDir, 'instance.json'), 'utf8')) as { readonly agentId: string };
    },
    async containers(arn) {
      return engine.listContainers([`${labels.taskArn}=${arn}`]);
    },
    reported: (arn, status, limitMs) =>
      until(
        `${status} of ${arn}; there was ${JSON.stringify(plane.changes.filter((change) => change.task === arn))}`,
        () => plane.changes.findLast((change) => change.task === arn && change.status === status),
        limitMs,
      ),
    async logs(id, enough) {
      const transport = createTransport(dockerHost);
      try {
        return await until(`enough output of ${id}`, async () => {
          const path = `/containers/${id}/logs?stdout=1`;
          const { text } = await transport.call({ method: 'GET', path, timeoutMs: 10_000 });
          const plain = text.replaceAll('\r\n', '\n');
          return enough(plain) && plain;
        });
      } finally {
        transport.close();
      }
    },
    async close() {
      for (const agent of agents) await agent.stop();
      const label = await agentLabel();
      if (label)
        for (const container of await engine.listContainers([label])) await engine.removeContainer(container.Id);
      for (const holder of label ? await engine.listContainers([label.replace(labels.agent, holderLabel)]) : [])
        await engine.removeContainer(holder.Id);
      for (const network of label ? await engine.listNetworks([label.replace(labels.agent, networkLabel)]) : [])
        await engine.removeNetwork(network.Id);
      const transport = createTransport(dockerHost);
      if (label) {
        const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
        const { text } = await transport.call({
          method: 'GET',
          path: `/volumes?filters=${filters}`,
          timeoutMs: 30_000,
        });
        const { Volumes } = JSON.parse(text) as { readonly Volumes?: readonly { readonly Name: string }[] | null };
        for (const volume of Volumes ?? []) await engine.removeVolume(volume.Name);
      }
      await transport
        .call({ method: 'DELETE', path: `/images/${encodeURIComponent(plane.image)}?force=1`, timeoutMs: 30_000 })
        .catch(() => undefined);
      transport.close();
      engine.close();
      await plane.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return harness;
}

/** A container that runs `script` in busybox's shell. */
export function shell(plane: ControlPlane, script: string, more: Partial<AcsContainer> = {}): AcsContainer {
  return {
    name: 'main',
    image: plane.image,
    cpu: 0,
    memory: 0,
    essential: true,
    command: ['sh', '-c', script],
    environment: {},
    portMappings: [],
    mountPoints: [],
    volumesFrom: [],
    overrides: '',
    dockerConfig: { version: '1.41', config: '', hostConfig: '' },
    registryAuthentication: { type: 'ecr', ecrAuthData: { registryId: '123456789012', region: 'us-east-1' } },
    containerArn: `arn:aws:ecs:us-east-1:123456789012:container/test/${newHexId()}`,
    ...more,
  };
}

export function taskOf(containers: readonly AcsContainer[], more: Partial<AcsTask> = {}): AcsTask {
  return {
    arn: `arn:aws:ecs:us-east-1:123456789012:task/test/${newHexId()}`,
    taskClusterArn: clusterArn,
    family: 'agent-test',
    version: '1',
    desiredStatus: 'RUNNING',
    containers,
    volumes: [],
    overrides: '',
    launchType: 'EXTERNAL',
    ...more,
  };
}
