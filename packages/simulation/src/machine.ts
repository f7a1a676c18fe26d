// One machine: an Engine, a disk and the real agent, which can be killed, cut off and have its power cut.
import { type AgentWorld, createAgent, UpgradeRefused } from '@longshore/agent';
import { createDisk, type SimulatedDisk } from './disk.ts';
import { createSimulatedEngine, type SimulatedEngine } from './engine.ts';
import type { History } from './history.ts';
import { callOver, connect, type Connection, NetworkError } from './network.ts';
import { region, type Replica } from './plane.ts';
import { createProcess, never, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

export interface Machine {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly engine: SimulatedEngine;
  agentRuns(): boolean;
  startAgent(): void;
  killAgent(): void;
  /** Stops the agent as its service manager would. */
  stopAgent(): Promise<void>;
  powerCut(): void;
  boot(): void;
  isOn(): boolean;
  /** Nothing passes between this machine and the control plane. */
  setCutOff(cutOff: boolean): void;
  connections(): readonly Connection[];
}

export interface MachineParts {
  readonly name: string;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly history: History;
  readonly replicas: readonly Replica[];
  readonly lossy: () => boolean;
  readonly skewMs: number;
}

const dataDir = '/agent';
const keepStoppedMs = 60_000;

/** ExecuteCommand and the like are told by their class: `RunTaskCommand` is `RunTask`. */
const operationOf = (command: object) => command.constructor.name.replace(/Command$/, '');

export function createMachine(parts: MachineParts): Machine {
  const { name, schedule, random, trace, history, replicas } = parts;
  const disk = createDisk(random);
  const engine = createSimulatedEngine({
    machine: name,
    schedule,
    random,
    trace,
    history,
    clock: () => Math.round(schedule.now() + parts.skewMs),
  });
  let connections: Connection[] = [];
  let process: Process | undefined;
  let stop: (() => Promise<void>) | undefined;
  let on = true;
  let cutOff = false;

  /** Any replica, as a load balancer would choose: mostly one that lives. */
  function someReplica(): Replica {
    const living = replicas.filter((one) => one.containers() !== undefined);
    return random.pick(living.length > 0 && random.chance(0.9) ? living : replicas);
  }

  function clientOf(mine: Process): AgentWorld['client'] {
    const client = {
      send(command: { readonly input: unknown }, options?: { readonly abortSignal?: AbortSignal }) {
        const replica = someReplica();
        const operation = operationOf(command);
        trace.note(name, `calls ${operation} ${JSON.stringify(command.input).slice(0, 200)}`);
        return callOver(
          {
            from: mine,
            to: replica.process(),
            cut: () => cutOff,
            serve: () =>
              replica
                .call(operation, command.input)
                .catch((error: { readonly code?: string; readonly message: string }) => {
                  throw Object.assign(new Error(error.message), { name: error.code ?? 'ServerException' });
                }),
            signal: options?.abortSignal,
            lossy: parts.lossy(),
          },
          { schedule, random, trace },
        );
      },
      destroy: () => undefined,
    };
    return client as unknown as AgentWorld['client'];
  }

  async function open(mine: Process, url: URL, signal: AbortSignal): ReturnType<AgentWorld['openSocket']> {
    // Measurements are not simulated: that socket is never answered.
    if (!url.pathname.startsWith('/acs'))
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new NetworkError('aborted'))),
      );
    const replica = someReplica();
    const server = replica.process();
    const query = url.searchParams;
    const accepted = await callOver(
      {
        from: mine,
        to: server,
        cut: () => cutOff,
        async serve() {
          const containers = replica.containers();
          if (!containers || !server) throw new NetworkError('connection refused');
          const asked = replica.connection(query);
          const refusal = await containers.refuseAgent('acs', asked);
          if (refusal)
            throw new UpgradeRefused(
              refusal.status,
              JSON.stringify({ __type: refusal.code, message: refusal.message }),
            );
          const connection = connect(`acs ${name} ${replica.name}`, mine, server, { schedule, random, trace });
          connections = [...connections.filter((one) => !one.ended()), connection];
          connection.agent.pause();
          containers.acceptAcs(connection.plane, asked);
          return connection;
        },
        signal,
        lossy: parts.lossy(),
      },
      { schedule, random, trace },
    );
    if (signal.aborted) accepted.agent.terminate();
    return accepted.agent;
  }

  function forgetConnections(how: 'reset' | 'blackhole'): void {
    for (const connection of connections) connection[how]();
    connections = [];
  }

  const machine: Machine = {
    name,
    disk,
    engine,
    agentRuns: () => process !== undefined,
    startAgent() {
      if (!on || process) return;
      const mine = createProcess(name, schedule, parts.skewMs);
      process = mine;
      trace.note(name, 'the agent starts');
      const agent = createAgent(
        {
          endpoint: 'http://plane:7077',
          region,
          credentials: { accessKeyId: 'AKIDSIMULATION', secretAccessKey: 'simulated' },
          cluster: 'default',
          dataDir,
          dockerHost: 'unix:///nowhere',
          address: '10.0.0.1',
          keepStoppedMs,
          preparedNetworks: 0,
          clock: mine.clock,
          log: trace.logger(name),
        },
        {
          disk: disk.openFor(mine),
          engine: engine.openFor(mine),
          client: clientOf(mine),
          openSocket: (url, _identity, signal) => open(mine, url, signal),
          tokens: { get: never, forget: () => undefined },
          measurer: { round: async () => [] },
        },
      );
      agent.run().catch((error: unknown) => {
        if (!mine.alive()) return;
        // A service manager starts it again; that it must be is worth a line.
        trace.note(name, `the agent ends: ${String(error)}`);
        if (process === mine) machine.killAgent();
        schedule.after(1_000, () => machine.startAgent());
      });
      stop = () => agent.stop();
    },
    killAgent() {
      if (!process) return;
      trace.note(name, 'the agent is killed');
      process.kill();
      process = undefined;
      forgetConnections('reset');
    },
    async stopAgent() {
      const mine = process;
      trace.note(name, 'the agent is stopped');
      await stop?.();
      if (process === mine) machine.killAgent();
    },
    powerCut() {
      trace.note(name, 'the power is cut');
      on = false;
      process?.kill();
      process = undefined;
      forgetConnections('blackhole');
      engine.down({ keepContainers: false });
      disk.powerCut();
    },
    boot() {
      if (on) return;
      trace.note(name, 'boots');
      on = true;
      engine.up();
      machine.startAgent();
    },
    isOn: () => on,
    setCutOff(now) {
      if (now === cutOff) return;
      trace.note(name, now ? 'is cut off' : 'is reachable again');
      cutOff = now;
      if (now) forgetConnections('blackhole');
    },
    connections: () => connections,
  };
  return machine;
}
