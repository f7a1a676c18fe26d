// Several machines on one: network namespaces on a bridge, each with a Docker Engine and a Longshore agent of its own (the
// real `longshore agent`, a process of its own), and one control plane that listens on the bridge's address. Needs root.
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerCli, findExecutable, type Ran, run, tryRun } from './command.ts';
import { connectedInstances } from './ecs.ts';
import { copyToRegistry, importBusybox } from './images.ts';
import { type Longshore, type LongshoreOptions, root, startLongshore, until } from './longshore.ts';
import { type MachineEngine, machineEngine } from './machine-engine.ts';
import { type MachineNetwork, openMachineNetwork } from './machine-network.ts';
import { registryAuthorization } from './push.ts';

/** Why there can be no machines here; undefined where there can. For `test.skipIf(whyNoMachines)`. */
export const whyNoMachines: string | undefined = (() => {
  if (process.getuid?.() !== 0) return 'machines in network namespaces need root';
  const missing = ['dockerd', 'ip', 'nsenter', 'iptables'].filter(
    (name) => findExecutable(...['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map((at) => `${at}/${name}`)) === undefined,
  );
  return missing.length === 0 ? undefined : `machines in network namespaces need ${missing.join(', ')}`;
})();

export interface MachineOptions {
  /** What the agent offers for tasks; default 1,024 units and 512 MiB. */
  readonly cpu?: number;
  readonly memory?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly cluster?: string;
  /** More options of `longshore agent`, and variables of its environment. */
  readonly agentArgs?: readonly string[];
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** More options of `dockerd`, e.g. `--live-restore`. */
  readonly engineArgs?: readonly string[];
  /** False: the agent is started by the test. */
  readonly agent?: boolean;
}

export interface MachineContainer {
  readonly id: string;
  readonly state: string;
  readonly taskArn: string;
  readonly containerName: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly index: number;
  readonly namespace: string;
  readonly address: string;
  readonly engine: MachineEngine;
  /** Starts the agent's process; resolves when it runs, not when it is connected. */
  startAgent(): void;
  /** SIGTERM, or SIGKILL, and waits until it is gone. Its containers run on. */
  stopAgent(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  agentLog(): string;
  /** The ARN that the agent registered under; undefined before. */
  instanceArn(): string | undefined;
  /** Takes its network cable out / puts it back in. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** `docker ARGS…` on this machine's Engine. */
  docker(...args: string[]): Promise<string>;
  /** Runs a command in the machine's network namespace. */
  exec(command: string, ...args: string[]): Promise<Ran>;
  /** Containers of tasks, running or not, that carry all `labels` (`name=value`). */
  containers(...labels: string[]): Promise<MachineContainer[]>;
  /** Task ARNs of the running containers, one a container. */
  running(): Promise<string[]>;
}

export interface Machines extends AsyncDisposable {
  longshore: Longshore;
  readonly ecs: ECSClient;
  readonly all: readonly Machine[];
  /** A further machine joins. */
  add(options?: MachineOptions): Promise<Machine>;
  /** Waits until so many agents are connected (default: all machines). */
  connected(count?: number): Promise<void>;
  /** kill -9 or SIGTERM of the control plane, and its start on the same data and port. */
  stopControlPlane(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  startControlPlane(): Promise<void>;
  stopTask(task: string): Promise<void>;
  /** A busybox image in Longshore's own registry that every machine can pull; gives its full name. */
  pushBusybox(name: string): Promise<string>;
  /** Copies an image of the local Engine straight into every machine's Engine. */
  load(image: string): Promise<void>;
}

export interface MachinesOptions {
  readonly count: number;
  readonly machine?: (index: number) => MachineOptions;
  /** More options of `longshore up` (it runs no agent and no hello service), and variables. */
  readonly server?: Pick<LongshoreOptions, 'args' | 'env' | 'store'>;
}

interface World {
  readonly folder: string;
  readonly network: MachineNetwork;
  longshore: Longshore;
}

interface MadeMachine {
  readonly machine: Machine;
  end(): Promise<void>;
}

async function makeMachine(world: World, index: number, options: MachineOptions): Promise<MadeMachine> {
  const { network } = world;
  const folder = join(world.folder, `machine-${index}`);
  mkdirSync(folder);
  const { namespace, address } = await network.join(index);
  const second = Number(network.prefix.split('.')[2]);
  const engine = machineEngine({
    folder: join(folder, 'engine'),
    namespace,
    bridgeAddress: `172.${16 + (index % 16)}.${second}.1/24`,
    insecure: [`${network.prefix}.0/24`],
    ...(options.engineArgs === undefined ? {} : { args: options.engineArgs }),
  });
  const logFile = join(folder, 'agent.log');
  const out = openSync(logFile, 'a');
  let agent: ChildProcess | undefined;
  const agentEnded = () => agent === undefined || agent.exitCode !== null || agent.signalCode !== null;
  const docker = (...args: string[]) => run(dockerCli, ['-H', engine.host, ...args]);

  function startAgent(): void {
    const { longshore } = world;
    const named = Object.entries(options.attributes ?? {}).flatMap(([name, value]) => [
      `--attribute`,
      `${name}=${value}`,
    ]);
    const flags = {
      '--endpoint': longshore.url,
      '--data': join(folder, 'agent'),
      '--docker-host': engine.host,
      '--cluster': options.cluster ?? 'default',
      '--cpu': options.cpu ?? 1024,
      '--memory': options.memory ?? 512,
    };
    const command = [
      `--net=/run/netns/${namespace}`,
      join(root, 'bin', 'longshore'),
      'agent',
      ...Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
      ...named,
      ...(options.agentArgs ?? []),
    ];
    agent = spawn('nsenter', command, {
      stdio: ['ignore', out, out],
      env: { ...process.env, LONGSHORE_PREPARED_NETWORKS: '0', ...longshore.env, ...options.agentEnv },
    });
  }

  async function stopAgent(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = agent;
    if (child === undefined || agentEnded()) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await ended;
  }

  async function containers(...labels: string[]): Promise<MachineContainer[]> {
    const filters = ['com.amazonaws.ecs.task-arn', ...labels].flatMap((label) => ['--filter', `label=${label}`]);
    const ids = (await docker('ps', '-aq', '--no-trunc', ...filters)).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    // A container that was removed meanwhile is no error.
    const { stdout } = await tryRun(dockerCli, ['-H', engine.host, 'inspect', ...ids]);
    const inspected = JSON.parse(stdout || '[]') as {
      readonly Id: string;
      readonly State: { readonly Status: string };
      readonly Config: { readonly Labels: Readonly<Record<string, string>> };
    }[];
    return inspected.map((each) => ({
      id: each.Id,
      state: each.State.Status,
      taskArn: each.Config.Labels['com.amazonaws.ecs.task-arn'] ?? '',
      containerName: each.Config.Labels['com.amazonaws.ecs.container-name'] ?? '',
      labels: each.Config.Labels,
    }));
  }

  const machine: Machine = {
    index,
    namespace,
    address,
    engine,
    startAgent,
    stopAgent,
    agentLog: () => readFileSync(logFile, 'utf8'),
    instanceArn() {
      try {
        const saved = JSON.parse(readFileSync(join(folder, 'agent', 'instance.json'), 'utf8')) as object;
        return 'instanceArn' in saved ? String(saved.instanceArn) : undefined;
      } catch {
        return undefined;
      }
    },
    cut: () => network.setLink(index, 'down'),
    restore: () => network.setLink(index, 'up'),
    docker,
    exec: (command, ...args) => tryRun('nsenter', [`--net=/run/netns/${namespace}`, command, ...args]),
    containers,
    running: async () => (await containers()).filter((each) => each.state === 'running').map((each) => each.taskArn),
  };
  const end = async () => {
    await stopAgent('SIGKILL');
    const ids = (await tryRun(dockerCli, ['-H', engine.host, 'ps', '-aq'])).stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await tryRun(dockerCli, ['-H', engine.host, 'rm', '-f', ...ids]);
    await engine.stop();
    await network.remove(index);
  };
  try {
    await engine.start();
  } catch (error) {
    await end();
    throw error;
  }
  if (options.agent !== false) startAgent();
  return { machine, end };
}

/** Mount points below a folder, innermost first. Source: proc(5), /proc/self/mounts. */
function mountsUnder(folder: string): string[] {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return points.filter((point) => point.startsWith(`${folder}/`)).toReversed();
}

/** Starts the control plane and the machines, all at once, and waits until every agent is connected. */
export async function startMachines(options: MachinesOptions): Promise<Machines> {
  const folder = mkdtempSync(join(tmpdir(), 'machines-'));
  const network = await openMachineNetwork();
  const made: MadeMachine[] = [];
  const undo: (() => Promise<void>)[] = [];

  async function close(): Promise<void> {
    await Promise.all(made.map((each) => each.end()));
    for (const step of undo.toReversed()) await step();
    await network.close();
    for (const mount of mountsUnder(folder)) await tryRun('umount', ['-l', mount]);
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const serverOptions = {
      ...options.server,
      address: network.hostAddress,
      args: ['--no-agent', ...(options.server?.args ?? [])],
    };
    const longshore = await startLongshore(serverOptions);
    const world: World = { folder, network, longshore };
    undo.push(async () => world.longshore[Symbol.asyncDispose]());
    const ecs = new ECSClient({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
    });
    undo.push(async () => ecs.destroy());
    const add = async (more: MachineOptions = {}) => {
      const index = next++;
      const one = await makeMachine(world, index, more);
      made.push(one);
      return one.machine;
    };
    let next = 0;
    const machines: Machines = {
      get longshore() {
        return world.longshore;
      },
      ecs,
      get all() {
        return made.map((each) => each.machine).toSorted((a, b) => a.index - b.index);
      },
      add,
      async connected(count = made.length) {
        await until(`${count} agents are connected`, async () => (await connectedInstances(ecs)) === count);
      },
      stopControlPlane: (signal = 'SIGTERM') =>
        signal === 'SIGKILL' ? world.longshore.kill() : world.longshore.stop(),
      async startControlPlane() {
        const { dataDir, port } = world.longshore;
        world.longshore = await startLongshore({ ...serverOptions, dataDir, port });
      },
      stopTask: async (task) => void (await ecs.send(new StopTaskCommand({ task }))),
      async pushBusybox(name) {
        const image = `${world.longshore.host}/${name}`;
        await importBusybox(image);
        try {
          await copyToRegistry(image, await registryAuthorization(world.longshore));
        } finally {
          await tryRun(dockerCli, ['rmi', image]);
        }
        return image;
      },
      async load(image) {
        const file = join(folder, 'image.tar');
        await run(dockerCli, ['save', '-o', file, image]);
        await Promise.all(made.map((each) => each.machine.docker('load', '-i', file)));
        rmSync(file);
      },
      [Symbol.asyncDispose]: close,
    };
    const started = await Promise.allSettled(
      Array.from({ length: options.count }, (_, index) => add(options.machine?.(index))),
    );
    for (const each of started) if (each.status === 'rejected') throw each.reason;
    const waiting = Array.from({ length: options.count }, (_, i) => options.machine?.(i).agent !== false);
    await machines.connected(waiting.filter(Boolean).length);
    return machines;
  } catch (error) {
    await close();
    throw error;
  }
}
