// The workload of zot's `zb`: whole images pushed and pulled by ten clients. Every push goes to a new repository, and all
// of one size have the same layer. A pull asks for the head and then the content of manifest, config and layer.
import { randomBytes } from 'node:crypto';
import { digestOf } from '@longshore/base';
import { timed } from './harness.ts';
import { headerOf, type LeanConnection, leanConnection } from './lean-client.ts';
import { config, imageManifest, imageType, indexType, inParallel } from './registry-client.ts';
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

async function putBlob(client: LeanConnection, repository: string, bytes: Uint8Array, digest: string): Promise<void> {
  const { head } = await client.send('POST', `/v2/${repository}/blobs/uploads/`, 202);
  const location = new URL(headerOf(head, 'location') ?? '', 'http://registry');
  location.searchParams.set('digest', digest);
  const type = 'application/octet-stream';
  await client.send('PUT', `${location.pathname}${location.search}`, 201, { bytes, type });
}

async function push(client: LeanConnection, repository: string, content: Content): Promise<void> {
  await putBlob(client, repository, content.bytes, content.digest);
  await putBlob(client, repository, config, digestOf(config));
  const manifest = { bytes: content.manifest, type: imageType };
  await client.send('PUT', `/v2/${repository}/manifests/latest`, 201, manifest);
}

async function pull(client: LeanConnection, repository: string, content: Content): Promise<void> {
  const items = [
    ['manifests/latest', content.manifest.length],
    [`blobs/${digestOf(config)}`, config.length],
    [`blobs/${content.digest}`, content.bytes.length],
  ] as const;
  for (const [item, size] of items) {
    await client.send('HEAD', `/v2/${repository}/${item}`, 200);
    const { bytes } = await client.send('GET', `/v2/${repository}/${item}`, 200);
    if (bytes !== size) throw new Error(`${bytes} bytes came of ${item}, which has ${size}`);
  }
}

/** Images a second (and the server's CPU seconds for each) by row. */
export type ZbFigures = Map<string, number>;

export async function measureZb(side: Side, round: number): Promise<ZbFigures> {
  const figures: ZbFigures = new Map();
  const headers = { accept: `${imageType}, ${indexType}`, authorization: side.wideAuthorization };
  const idle = await Promise.all(Array.from({ length: clients }, () => leanConnection(side.url, headers)));
  const everyConnection = [...idle];
  /** As many at a time as there are connections. */
  const eachImage = (images: number, work: (client: LeanConnection, n: number) => Promise<void>) =>
    inParallel(images, clients, async (n) => {
      const client = idle.pop();
      if (!client) throw new Error('Every connection is taken');
      await work(client, n);
      idle.push(client);
    });
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
      const pushing = timed(side.pid, () => eachImage(images, (client, n) => push(client, repository(n), content)));
      note(`push ${name}`, images, await pushing);
      const pulling = timed(side.pid, () => eachImage(images, (client, n) => pull(client, repository(n), content)));
      note(`pull ${name}`, images, await pulling);
    }
    // 20 % of 1 MB, 70 % of 10 MB, 10 % of 100 MB; three pulls to a push.
    const mixed = timed(side.pid, () =>
      eachImage(60, async (client, n) => {
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
    for (const client of everyConnection) client.close();
  }
}
