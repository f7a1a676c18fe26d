// How long a GET takes while collection removes layers, beside the same when nothing is collected. Requests come at a fixed
// rate, so that both are asked for the same.
import { randomBytes } from 'node:crypto';
import { callJson } from '@longshore/aws';
import { digestOf } from '@longshore/base';
import { type Longshore, startLongshore, until } from '../test/support/longshore.ts';
import { registryAuthorization } from '../test/support/push.ts';
import { percentile } from './harness.ts';
import { type Client, config, createClient, imageManifest, imageType, inParallel, putBlob } from './registry-client.ts';
import type { Side } from './registry-sides.ts';

const garbage = Number(process.env.LONGSHORE_BENCH_GARBAGE ?? 10_000);
const perSecond = 300;
const graceMs = 10_000;
const layerBytes = 64 * 1024;

interface Running {
  readonly side: Side;
  readonly longshore: Longshore;
  stop(): Promise<void>;
}

async function start(): Promise<Running> {
  const longshore = await startLongshore({
    args: ['--no-agent'],
    env: { LONGSHORE_COLLECT_GRACE: `${graceMs / 1000}s`, LONGSHORE_COLLECT_EVERY: '24h' },
  });
  const authorization = await registryAuthorization(longshore);
  const stop = async () => {
    await longshore[Symbol.asyncDispose]();
  };
  const side: Side = {
    name: 'Longshore',
    url: longshore.url,
    pid: longshore.process.pid ?? 0,
    authorization,
    wideAuthorization: authorization,
    [Symbol.asyncDispose]: stop,
  };
  return { side, longshore, stop };
}

interface Taken {
  readonly manifest: boolean;
  readonly ms: number;
  /** How much later than it should this client sent the request: what is wrong with the measuring side or the machine. */
  readonly late: number;
}

/** Each GET, of manifests and layers in turn, until `done`. */
async function times(client: Client, paths: readonly string[], done: () => boolean): Promise<Taken[]> {
  const taken: Taken[] = [];
  const asked: Promise<void>[] = [];
  const begun = performance.now();
  for (let i = 0; !done(); i += 1) {
    const due = begun + (i * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const path = paths[i % paths.length] ?? '';
    const sent = performance.now();
    const note = () => void taken.push({ manifest: i % 2 === 0, ms: performance.now() - sent, late: sent - due });
    asked.push(client.send('GET', path, 200).then(note));
  }
  await Promise.all(asked);
  return taken;
}

interface Collected {
  readonly outcome: { readonly removed: number; readonly unlinked: number; readonly more: boolean };
}

/** Asks over the API until nothing is left: a command's start would take a core that the server needs. */
async function collectAll({ url, credentials }: Longshore): Promise<string> {
  let [removed, unlinked] = [0, 0];
  for (;;) {
    const call = { endpoint: url, region: credentials.region, credentials, service: 'longshore' };
    const { outcome } = (await callJson({ ...call, target: 'LongshoreV1.CollectRegistry', input: {} })) as Collected;
    removed += outcome.removed;
    unlinked += outcome.unlinked;
    if (!outcome.more) return `Removed ${removed} blobs and ${unlinked} links`;
  }
}

/** By row: milliseconds of the median and of the 99th percentile, idle and while collecting. */
function figuresOf(idle: readonly Taken[], busy: readonly Taken[]): Map<string, number> {
  const ms = (taken: readonly Taken[]) => taken.map((each) => each.ms);
  const rows: [string, (taken: readonly Taken[]) => number][] = [
    ['GET p50 ms', (taken) => percentile(ms(taken), 0.5)],
    ['GET p99 ms', (taken) => percentile(ms(taken), 0.99)],
    ['  of manifests, p99 ms', (taken) => percentile(ms(taken.filter((each) => each.manifest)), 0.99)],
    ['  of layers, p99 ms', (taken) => percentile(ms(taken.filter((each) => !each.manifest)), 0.99)],
    [
      '  the client itself late, p99 ms',
      (taken) =>
        percentile(
          taken.map((each) => each.late),
          0.99,
        ),
    ],
  ];
  const figures = rows.flatMap(([name, of]): [string, number][] => [
    [`${name}, idle`, of(idle)],
    [`${name}, collecting`, of(busy)],
  ]);
  return new Map([...figures, ['p99 collecting / idle', percentile(ms(busy), 0.99) / percentile(ms(idle), 0.99)]]);
}

export async function measureCollection(): Promise<Map<string, number>> {
  const { side, longshore, stop } = await start();
  const client = createClient(side, 16);
  try {
    const layer = randomBytes(layerBytes);
    await putBlob(client, 'kept/image', layer, digestOf(layer));
    await putBlob(client, 'kept/image', config, digestOf(config));
    const manifest = imageManifest({ digest: digestOf(layer), size: layer.length });
    await client.send('PUT', '/v2/kept/image/manifests/latest', 201, { body: manifest, type: imageType });
    const paths = ['/v2/kept/image/manifests/latest', `/v2/kept/image/blobs/${digestOf(layer)}`];
    await inParallel(garbage, 16, async () => {
      const bytes = randomBytes(2_000);
      await putBlob(client, 'garbage/layers', bytes, digestOf(bytes));
    });
    const forFiveSeconds = () => {
      const end = performance.now() + 5_000;
      return () => performance.now() > end;
    };
    await times(client, paths, forFiveSeconds());
    const idle = await times(client, paths, forFiveSeconds());
    const end = performance.now() + 2 * graceMs;
    await until('the last leases are over', () => Promise.resolve(performance.now() > end), 3 * graceMs);
    let removing = true;
    const begun = performance.now();
    const collected = collectAll(longshore).finally(() => {
      removing = false;
    });
    const busy = await times(client, paths, () => !removing);
    const report = await collected;
    process.stdout.write(`${report} in ${Math.round(performance.now() - begun)} ms\n`);
    return figuresOf(idle, busy);
  } finally {
    client.close();
    await stop();
  }
}
