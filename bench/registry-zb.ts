// The workload of zot's `zb`: whole images pushed and pulled by ten clients. Every push goes to a new repository, and all
// of one size have the same layer. A pull asks for the head and then the content of manifest, config and layer.
import { randomBytes } from 'node:crypto';
import { digestOf } from '@longshore/base';
import { type Client, config, createClient, imageManifest, imageType, inParallel, putBlob } from './registry-client.ts';
import { timed } from './harness.ts';
import type { Side } from './registry-sides.ts';

const clients = 10;
const MB = 1_000_000;

/** Images of each size that are pushed, and then pulled. */
const sizes = [
  { name: '1 MB', bytes: MB, images: 60 },
  { name: '10 MB', bytes: 10 * MB, images: 20 },
  { name: '100 MB', bytes: 100 * MB, images: 10 },
] as const;

interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly manifest: Buffer;
}

function contentOf(size: number): Content {
  const bytes = randomBytes(size);
  const digest = digestOf(bytes);
  return { bytes, digest, manifest: imageManifest({ digest, size }) };
}

async function push(client: Client, repository: string, content: Content): Promise<void> {
  await putBlob(client, repository, content.bytes, content.digest);
  await putBlob(client, repository, config, digestOf(config));
  await client.send('PUT', `/v2/${repository}/manifests/latest`, 201, { body: content.manifest, type: imageType });
}

async function pull(client: Client, repository: string, content: Content): Promise<void> {
  const paths = [`manifests/latest`, `blobs/${digestOf(config)}`, `blobs/${content.digest}`];
  for (const path of paths) {
    await client.send('HEAD', `/v2/${repository}/${path}`, 200);
    await client.send('GET', `/v2/${repository}/${path}`, 200);
  }
}

/** Images a second (and the server's CPU seconds for each) by row. */
export type ZbFigures = Map<string, number>;

export async function measureZb(side: Side, round: number): Promise<ZbFigures> {
  const figures: ZbFigures = new Map();
  const client = createClient(side, clients);
  const note = (name: string, count: number, { seconds, cpu }: { seconds: number; cpu: number }) => {
    figures.set(`zb ${name} images/s`, count / seconds);
    figures.set(`  CPU s per image, ${name}`, cpu / count);
  };
  try {
    const contents = sizes.map((size) => contentOf(size.bytes));
    for (const [i, { name, images }] of sizes.entries()) {
      const content = contents[i];
      if (!content) continue;
      const repository = (n: number) => `zb/r${round}-s${i}-${n}`;
      const pushing = timed(side.pid, () => inParallel(images, clients, (n) => push(client, repository(n), content)));
      note(`push ${name}`, images, await pushing);
      const pulling = timed(side.pid, () => inParallel(images, clients, (n) => pull(client, repository(n), content)));
      note(`pull ${name}`, images, await pulling);
    }
    // 20 % of 1 MB, 70 % of 10 MB, 10 % of 100 MB; three pulls to a push.
    const mixed = timed(side.pid, () =>
      inParallel(60, clients, async (n) => {
        const size = n % 10 < 2 ? 0 : n % 10 < 9 ? 1 : 2;
        const content = contents[size];
        if (!content) return;
        if (n % 4 === 3) await push(client, `zb/r${round}-mixed-${n}`, content);
        else await pull(client, `zb/r${round}-s${size}-${n % 10}`, content);
      }),
    );
    note('mixed', 60, await mixed);
    return figures;
  } finally {
    client.close();
  }
}
