// How long a GET takes while collection removes layers, beside the same when nothing is collected. Requests come at a fixed
// rate, so that both are asked for the same.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { digestOf } from '@longshore/base';
import { run } from '../test/support/command.ts';
import { root, startLongshore, until } from '../test/support/longshore.ts';
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
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

async function start(): Promise<Running> {
  const longshore = await startLongshore({
    args: ['--no-hello', '--no-agent'],
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
  return { side, env: longshore.env, stop };
}

/** Milliseconds of each GET, of manifests and layers in turn, until `done`. */
async function times(client: Client, paths: readonly string[], done: () => boolean): Promise<number[]> {
  const taken: number[] = [];
  const asked: Promise<void>[] = [];
  const begun = performance.now();
  for (let i = 0; !done(); i += 1) {
    const due = begun + (i * 1000) / perSecond;
    if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    const path = paths[i % paths.length] ?? '';
    const sent = performance.now();
    asked.push(client.send('GET', path, 200).then(() => void taken.push(performance.now() - sent)));
  }
  await Promise.all(asked);
  return taken;
}

/** By row: milliseconds of the median and of the 99th percentile, idle and while collecting. */
export async function measureCollection(): Promise<Map<string, number>> {
  const { side, env, stop } = await start();
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
    const collecting = run(join(root, 'bin', 'longshore'), ['registry', 'collect'], { env: { ...env } });
    const collected = collecting.finally(() => {
      removing = false;
    });
    const busy = await times(client, paths, () => !removing);
    const report = await collected;
    process.stdout.write(`${report.trim().split('\n').at(-1)} (${Math.round(performance.now() - begun)} ms)\n`);
    return new Map([
      ['GET p50 ms, idle', percentile(idle, 0.5)],
      ['GET p50 ms, collecting', percentile(busy, 0.5)],
      ['GET p99 ms, idle', percentile(idle, 0.99)],
      ['GET p99 ms, collecting', percentile(busy, 0.99)],
      ['p99 collecting / idle', percentile(busy, 0.99) / percentile(idle, 0.99)],
    ]);
  } finally {
    client.close();
    await stop();
  }
}
