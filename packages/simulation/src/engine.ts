// A simulated Docker Engine: it outlives the agent, does what it was asked even if nobody hears the answer, can be slow,
// restart and forget its events. Its containers do what their command says.
import {
  type AgentWorld,
  type ContainerInspection,
  type CreateBody,
  type Engine,
  EngineError,
  type EngineEvent,
  EngineUnreachable,
} from '@longshore/agent';
import { followEvents } from './engine-events.ts';
import type { History, Live } from './history.ts';
import { never, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

interface How {
  readonly signal?: AbortSignal | undefined;
  readonly takesMs?: number;
  /** The container that it concerns. */
  readonly on?: string;
}

interface Container {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  status: 'created' | 'running' | 'exited';
  exitCode: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  ports: Record<string, { HostIp: string; HostPort: string }[]>;
  readonly onEnd: (() => void)[];
}

export interface SimulatedEngine {
  openFor(process: Process): AgentWorld['engine'];
  /** Ends it as a restart of the daemon does; `keepContainers` is Docker's live-restore. */
  down(how: { readonly keepContainers: boolean }): void;
  up(): void;
  isUp(): boolean;
  setSlow(factor: number): void;
  setPulls(working: boolean): void;
  /** Some calls are done and their answers lost. */
  setFlaky(flaky: boolean): void;
  /** Somebody else kills or removes a running container. False if there is none. */
  meddle(what: 'kill' | 'remove'): boolean;
  /** Task ARN and container name of all that exist, running or not. */
  containers(): readonly { readonly taskArn: string; readonly running: boolean }[];
}

export interface EngineParts {
  readonly machine: string;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly history: History;
  /** The machine's clock. */
  readonly clock: () => number;
}

/** Events that the Engine remembers (moby: 256). */
const remembered = 256;
const labelOf = (container: Container, name: string) => container.body.Labels[name] ?? '';
const iso = (ms: number | undefined) => (ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());

export function createSimulatedEngine(parts: EngineParts): SimulatedEngine {
  const { machine, schedule, random, trace, history } = parts;
  const containers = new Map<string, Container>();
  const images = new Set<string>();
  /** When the last call that concerns a container has its turn. */
  const turns = new Map<string, number>();
  const listeners = new Set<(event: EngineEvent | undefined) => void>();
  let events: EngineEvent[] = [];
  let up = true;
  /** Calls of an earlier life of the Engine are not answered. */
  let life = 0;
  let slow = 1;
  let pulls = true;
  let flaky = false;
  let serial = 0;

  function tell(action: string, container: Container): void {
    const event: EngineEvent = {
      Action: action,
      Actor: { ID: container.id, Attributes: { ...container.body.Labels, name: container.name } },
      timeNano: parts.clock() * 1e6 + serial++,
    };
    events.push(event);
    if (events.length > remembered) events.shift();
    for (const listener of listeners) listener(event);
  }

  function find(idOrName: string): Container | undefined {
    return containers.get(idOrName) ?? [...containers.values()].find((one) => one.name === idOrName);
  }

  function end(container: Container, exitCode: number): void {
    if (container.status !== 'running') return;
    container.status = 'exited';
    container.exitCode = exitCode;
    container.finishedAt = parts.clock();
    container.ports = {};
    history.stopped(container.id);
    trace.note(machine, `container ${container.name} ended with ${exitCode}`);
    tell('die', container);
    for (const act of container.onEnd.splice(0)) act();
  }

  const witnessed = (container: Container): Live => ({
    id: container.id,
    machine,
    taskArn: labelOf(container, 'com.amazonaws.ecs.task-arn'),
    container: labelOf(container, 'com.amazonaws.ecs.container-name'),
  });

  function bindPorts(container: Container): Container['ports'] {
    const taken = new Set(
      [...containers.values()].flatMap((one) =>
        one.status === 'running' ? Object.values(one.ports).flatMap((list) => list.map((port) => port.HostPort)) : [],
      ),
    );
    const wanted = (container.body.HostConfig['PortBindings'] ?? {}) as Container['ports'];
    const bound: Container['ports'] = {};
    for (const [port, list] of Object.entries(wanted))
      bound[port] = list.map(({ HostPort }) => {
        let chosen = HostPort;
        if (chosen === '')
          for (chosen = String(random.int(32_768, 32_800)); taken.has(chosen); ) chosen = String(Number(chosen) + 1);
        if (taken.has(chosen))
          throw new EngineError(500, `Bind for 0.0.0.0:${chosen} failed: port is already allocated`);
        taken.add(chosen);
        return { HostIp: '0.0.0.0', HostPort: chosen };
      });
    return bound;
  }

  function start(container: Container): void {
    if (container.status === 'running') return;
    container.ports = bindPorts(container);
    container.status = 'running';
    container.startedAt = parts.clock();
    container.finishedAt = undefined;
    trace.note(machine, `container ${container.name} started`);
    history.started(witnessed(container));
    tell('start', container);
    const [, seconds, code] = (container.body['Cmd'] ?? []) as string[];
    const at = container.startedAt;
    if (seconds === undefined) return;
    schedule.after(Number(seconds) * 1000 * (0.5 + random.next()), () => {
      if (container.startedAt === at) end(container, Number(code ?? 0));
    });
  }

  async function stop(container: Container, graceSeconds: number): Promise<void> {
    if (container.status !== 'running') return;
    const ended = new Promise<void>((resolve) => container.onEnd.push(resolve));
    if (!random.chance(0.2)) schedule.after(random.next() * 2_000, () => end(container, 143));
    const mine = life;
    schedule.after(graceSeconds * 1000, () => {
      if (mine === life) end(container, 137);
    });
    await ended;
  }

  function inspection(container: Container): ContainerInspection {
    return {
      Id: container.id,
      Name: `/${container.name}`,
      Image: container.body.Image,
      State: {
        Status: container.status,
        OOMKilled: false,
        Pid: 0,
        ExitCode: container.exitCode,
        Error: '',
        StartedAt: iso(container.startedAt),
        FinishedAt: iso(container.finishedAt),
      },
      Config: { Labels: container.body.Labels },
      HostConfig: {},
      NetworkSettings: { Ports: container.ports },
    };
  }

  function remove(container: Container): void {
    end(container, 137);
    containers.delete(container.id);
    history.removed(container.id);
    tell('destroy', container);
  }

  function create(name: string, body: CreateBody): string {
    if (!images.has(body.Image)) throw new EngineError(404, `No such image: ${body.Image}`);
    if (find(name)) throw new EngineError(409, `Conflict. The container name "/${name}" is already in use`);
    const id = `${machine}-${(++serial).toString(16).padStart(8, '0')}`;
    const container: Container = {
      id,
      name,
      body: structuredClone(body),
      status: 'created',
      exitCode: 0,
      startedAt: undefined,
      finishedAt: undefined,
      ports: {},
      onEnd: [],
    };
    containers.set(id, container);
    history.made(witnessed(container));
    trace.note(machine, `container ${name} made`);
    return id;
  }

  async function pull(reference: string): Promise<void> {
    await new Promise<void>((resolve) =>
      schedule.after(random.next() * (random.chance(0.1) ? 30_000 : 800) * slow, resolve),
    );
    if (reference.startsWith('missing')) throw new EngineError(404, `pull access denied for ${reference}`);
    if (!pulls) throw new EngineError(500, 'dial tcp 10.0.0.1:443: connect: connection refused');
    images.add(reference);
  }

  /** The Engine does one thing after the other to a container. */
  function turnAt(idOrName: string | undefined, at: number): number {
    if (idOrName === undefined) return at;
    const key = find(idOrName)?.id ?? idOrName;
    const mine = Math.max(at, turns.get(key) ?? 0);
    turns.set(key, mine);
    return mine;
  }

  /** One call: it reaches the Engine, is done, and is answered, unless something comes between. */
  function call<T>(process: Process, act: () => T | Promise<T>, how: How = {}): Promise<T> {
    const { signal, takesMs = 4, on } = how;
    if (!process.alive()) return never();
    return new Promise<T>((resolve, reject) => {
      const mine = life;
      let over = false;
      const answer = (deed: () => void) => {
        if (over || !process.alive()) return;
        over = true;
        lost.delete(cut);
        deed();
      };
      const unreachable = (why: string) => answer(() => reject(new EngineUnreachable(why)));
      const cut = () => unreachable('the connection was lost');
      lost.add(cut);
      const leave = () => unreachable('the call was given up');
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      schedule.after(turnAt(on, schedule.now() + random.next() * takesMs * slow) - schedule.now(), () => {
        if (!up || mine !== life) return unreachable('connection refused');
        // Whoever gave up, or was killed, may still have been heard.
        if ((over || !process.alive()) && random.chance(0.4)) return;
        Promise.resolve()
          .then(act)
          .then(
            (value) => {
              if (flaky && random.chance(0.15)) return unreachable('the connection was reset');
              if (random.chance(0.6)) answer(() => resolve(value));
              else schedule.after(random.next() * 2, () => answer(() => resolve(value)));
            },
            (error: unknown) => schedule.after(random.next() * 2, () => answer(() => reject(error as Error))),
          );
      });
    });
  }
  let lost = new Set<() => void>();

  function wanted(container: Container, labels: readonly string[]): boolean {
    return labels.every((label) => {
      const at = label.indexOf('=');
      return container.body.Labels[label.slice(0, at)] === label.slice(at + 1);
    });
  }

  function openFor(process: Process): Engine {
    const known = (idOrName: string): Container => {
      const container = find(idOrName);
      if (!container) throw new EngineError(404, `No such container: ${idOrName}`);
      return container;
    };
    const engine: Partial<Engine> = {
      apiVersion: async () => '1.41',
      version: () => call(process, () => ({ Version: '20.10.0', ApiVersion: '1.41', Os: 'linux', Arch: 'amd64' })),
      info: () =>
        call(process, () => ({
          ID: machine,
          NCPU: 2,
          MemTotal: 2048 * 1024 * 1024,
          OSType: 'linux',
          Architecture: 'x86_64',
        })),
      inspectImage: (reference) =>
        call(process, () => (images.has(reference) ? { Id: reference, RepoDigests: [] } : undefined)),
      pullImage: (reference, _credential, signal) => call(process, () => pull(reference), { signal }),
      createContainer: (name, body, signal) => call(process, () => create(name, body), { signal, takesMs: 60 }),
      startContainer: (id, signal) => call(process, () => start(known(id)), { signal, takesMs: 150, on: id }),
      stopContainer: (id, grace, signal) =>
        call(
          process,
          () => {
            const container = find(id);
            return container ? stop(container, grace ?? 10) : undefined;
          },
          { signal, on: id },
        ),
      inspectContainer: (idOrName, signal) =>
        call(
          process,
          () => {
            const container = find(idOrName);
            return container && inspection(container);
          },
          { signal, on: idOrName },
        ),
      removeContainer: (id, signal) =>
        call(
          process,
          () => {
            const container = find(id);
            if (container) remove(container);
          },
          { signal, on: id },
        ),
      listContainers: (labels) =>
        call(process, () =>
          [...containers.values()]
            .filter((container) => wanted(container, labels))
            .map((one) => ({ Id: one.id, Names: [`/${one.name}`], State: one.status, Labels: one.body.Labels })),
        ),
      events: (_labels, since, signal) =>
        call(
          process,
          () => {
            const past = since === undefined ? [] : events.filter((event) => event.timeNano / 1e9 >= since);
            return followEvents({ past, listeners, process, schedule, random, signal });
          },
          { signal },
        ),
      createVolume: () => call(process, () => undefined),
      removeVolume: () => call(process, () => undefined),
      close: () => undefined,
    };
    return engine as Engine;
  }

  return {
    openFor,
    down({ keepContainers }) {
      if (!up) return;
      up = false;
      life += 1;
      const connections = lost;
      lost = new Set();
      for (const cut of connections) cut();
      for (const listener of listeners) listener(undefined);
      listeners.clear();
      if (!keepContainers) for (const container of containers.values()) end(container, random.pick([0, 137, 143, 255]));
      events = [];
      trace.note(machine, `the Engine is down, containers ${keepContainers ? 'run on' : 'ended'}`);
    },
    up() {
      if (up) return;
      up = true;
      trace.note(machine, 'the Engine is up');
    },
    isUp: () => up,
    setSlow(factor) {
      slow = factor;
    },
    setFlaky(now) {
      flaky = now;
    },
    setPulls(working) {
      pulls = working;
    },
    meddle(what) {
      const running = [...containers.values()].filter((one) => one.status === 'running');
      if (!up || running.length === 0) return false;
      const victim = random.pick(running);
      trace.note(machine, `somebody ${what}s ${victim.name}`);
      if (what === 'kill') end(victim, 137);
      else remove(victim);
      return true;
    },
    containers: () =>
      [...containers.values()].map((one) => ({
        taskArn: labelOf(one, 'com.amazonaws.ecs.task-arn'),
        running: one.status === 'running',
      })),
  };
}
