// What this package's tests share: the ELBv2 API behind a real endpoint with the real client, a real proxy, and real targets.
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { serveAccounts } from '@longshore/aws/testing';
import { type Service, silentLogger, systemClock } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { TestBackEnd } from '@longshore/store/testing';
import { type Balancing, createBalancing } from '../create.ts';
import { balancingMigrations } from '../schema.ts';

export const region = 'us-east-1';
export const account = '123456789012';
const otherAccount = '210987654321';

export interface Harness {
  readonly client: ElasticLoadBalancingV2Client;
  /** Of another account, which is not the operator's. */
  readonly stranger: ElasticLoadBalancingV2Client;
  readonly store: Store;
  balancing: Balancing;
  readonly dir: string;
  /** Ends the loops as a kill would, and starts others over the same store and the same proxy. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openHarness(options: {
  readonly backEnd: TestBackEnd;
  readonly addresses?: readonly string[];
  readonly program?: string;
}): Promise<Harness> {
  const opened = await options.backEnd.open(balancingMigrations);
  const dir = mkdtempSync(join(tmpdir(), 'longshore-proxy-'));
  const make = () =>
    createBalancing({
      store: opened.store,
      clock: systemClock,
      log: silentLogger,
      region,
      replica: 'replica-1',
      operator: account,
      addresses: options.addresses ?? ['127.0.0.1'],
      dir,
      program: options.program,
      machineAddress: async (of, id) => (of === account && id === 'i-1' ? '127.0.0.1' : undefined),
    });
  let running: { readonly service: Service; readonly ended: Promise<void> }[] = [];
  const run = (services: readonly Service[]) => {
    running = services.map((service) => ({ service, ended: service.run() }));
  };
  const halt = async () => {
    await Promise.all(running.map((each) => each.service.stop()));
    await Promise.all(running.map((each) => each.ended));
  };
  const first = await make();
  const server = await serveAccounts({ services: [first.elb], region, accounts: [account, otherAccount] });
  const client = new ElasticLoadBalancingV2Client(server.clientOptions(account));
  const stranger = new ElasticLoadBalancingV2Client(server.clientOptions(otherAccount));
  run(first.services);
  const harness: Harness = {
    client,
    stranger,
    store: opened.store,
    balancing: first,
    dir,
    async restart() {
      await halt();
      harness.balancing = await make();
      run(harness.balancing.services);
    },
    async close() {
      client.destroy();
      stranger.destroy();
      await halt();
      await server.close();
      await opened.close();
      await endProxy(dir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return harness;
}

/** Ends the proxy of this folder, if there is one. */
export async function endProxy(dir: string): Promise<void> {
  const pid = Number(await readFile(join(dir, 'haproxy.pid'), 'utf8').catch(() => ''));
  if (pid > 1) process.kill(pid, 'SIGTERM');
}

export interface Origin {
  readonly port: number;
  /** What it answers health checks with. */
  health: number;
  /** Paths and Host headers that it was asked for, without health checks. */
  readonly asked: { readonly path: string; readonly host: string; readonly forwardedFor: string }[];
  /** Requests to `/slow` wait until this is called. */
  release(): void;
  close(): Promise<void>;
}

/** A target that answers with its name. */
export async function origin(name: string): Promise<Origin> {
  const waiting: (() => void)[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/health') return void response.writeHead(state.health).end();
    state.asked.push({
      path,
      host: request.headers.host ?? '',
      forwardedFor: String(request.headers['x-forwarded-for'] ?? ''),
    });
    if (path === '/slow') waiting.push(() => response.end(name));
    else response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: Origin = {
    port: (server.address() as AddressInfo).port,
    health: 200,
    asked: [],
    release: () => waiting.splice(0).forEach((each) => each()),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  return state;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
}

/** One request on a connection of its own, or of `agent`. */
export function ask(port: number, path = '/', headers: Record<string, string> = {}, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers, agent: agent ?? new Agent({ keepAlive: false }) };
    get(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: body.trim(), location: response.headers.location }),
      );
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** Resolves to the first answer that `probe` gives; rejects after `ms`. */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false>, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`it did not come to pass in time: ${what}`);
    await systemClock.sleep(25);
  }
}
