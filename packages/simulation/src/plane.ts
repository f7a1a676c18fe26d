// The control plane: two replicas of the real container service over one store, each of which can be killed at any write
// and started again.
import type { CallContext, Principal } from '@longshore/aws';
import { type AccountId, memoryMeter, parseAccountId } from '@longshore/base';
import { type AgentConnection, type Containers, createContainers } from '@longshore/containers';
import { type Step, StoreError } from '@longshore/store';
import type { MemoryDatabase } from '@longshore/store/memory';
import { createProcess, never, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

export const region = 'us-east-1';

function accountId(text: string): AccountId {
  const id = parseAccountId(text);
  if (id === undefined) throw new Error('not an account id');
  return id;
}
export const account = accountId('123456789012');
export const principal: Principal = { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root' };

export interface Replica {
  readonly name: string;
  /** The process that runs now; undefined while it is down. */
  process(): Process | undefined;
  start(): void;
  /** Kills it. Whoever holds its connections is told by the caller. */
  kill(): void;
  call(operation: string, input: unknown): Promise<unknown>;
  containers(): Containers | undefined;
  connection(query: URLSearchParams): AgentConnection;
}

export interface ReplicaParts {
  readonly name: string;
  readonly database: MemoryDatabase;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
  readonly skewMs: number;
  /** Whether faults of the store may happen now. */
  readonly faulty: () => boolean;
  /** Before and after each commit: the place to look, or to kill. */
  readonly onWrite: () => void;
  readonly onCommitted: (steps: readonly Step[]) => void;
}

/** Loops that look every few seconds for what no play has: target groups, capacity providers, task sets. */
const unused = new Set([
  'container target keeper',
  'container capacity queue',
  'container capacity scaling',
  'container task set keeper',
]);

export function createReplica(parts: ReplicaParts): Replica {
  const { name, database, schedule, random, trace } = parts;
  /** In most worlds they are left out, for the time that they take; that they do no harm is seen in the others. */
  const idles = random.chance(0.9);
  let process: Process | undefined;
  let containers: Containers | undefined;
  let requests = 0;

  function contextOf(current: Process): CallContext {
    return {
      requestId: `${name}-${++requests}`,
      sourceIp: '127.0.0.1',
      baseUrl: 'http://plane:7077',
      userAgent: 'simulation',
      now: current.clock.now(),
      principal,
      region,
      log: trace.logger(name),
      authorize: async () => undefined,
    };
  }

  return {
    name,
    process: () => process,
    containers: () => containers,
    start() {
      const mine = createProcess(name, schedule, parts.skewMs);
      process = mine;
      const store = database.open({
        read: () => {
          if (!mine.alive()) return never();
          return random.chance(0.1) ? mine.wait(random.next() * 8) : Promise.resolve();
        },
        async write() {
          await mine.wait(random.chance(0.05) ? random.next() * 400 : random.next() * 3);
          parts.onWrite();
          if (!mine.alive()) return never();
          if (parts.faulty() && random.chance(0.01)) throw new StoreError('unknown-outcome');
        },
        async committed(steps) {
          parts.onCommitted(steps);
          if (random.chance(0.3)) await mine.wait(random.next() * 2);
          if (!mine.alive()) return never();
          if (parts.faulty() && random.chance(0.01)) throw new StoreError('unknown-outcome');
        },
        pause: (ms) => mine.wait(ms),
      });
      const made = createContainers({
        store,
        authorizer: { refusal: async () => undefined },
        clock: mine.clock,
        log: trace.logger(name),
        meter: memoryMeter(),
        region,
        replica: name,
        onReadings: () => undefined,
        settleMs: 3_000,
      });
      trace.note(name, 'starts');
      // A replica whose store fails at its start is started again by whoever looks after it; here it tries again itself.
      const begin = async () => {
        for (;;) {
          try {
            await made.recover(account);
            break;
          } catch {
            await mine.wait(1_000);
          }
        }
        containers = made;
        for (const service of made.services) if (!idles || !unused.has(service.id)) void service.run();
      };
      void begin();
    },
    kill() {
      process?.kill();
      process = undefined;
      containers = undefined;
      trace.note(name, 'is killed');
    },
    async call(operation, input) {
      const found = containers?.ecs.operations.get(operation);
      if (!found || !process) throw new Error(`nobody serves ${operation}`);
      return found.handle(structuredClone(input) as never, contextOf(process));
    },
    connection(query) {
      const current = process;
      if (!current) throw new Error('the replica is down');
      return { principal, context: contextOf(current), query };
    },
  };
}
