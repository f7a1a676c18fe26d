// Lists of many: tags of one repository, the catalog, referrers of one subject; walked from page to page to their end. And
// HEAD of a blob and of a manifest.
import { digestOf } from '@longshore/base';
import {
  config,
  createClient,
  type Client,
  imageManifest,
  imageType,
  indexType,
  inParallel,
  putBlob,
} from './registry-client.ts';
import { timed } from './harness.ts';
import type { Side } from './registry-sides.ts';

const many = Number(process.env.LONGSHORE_BENCH_ENTRIES ?? 10_000);
const width = 16;
const heads = 3_000;
/** Of a list in one sample, from its first page to its last. */
const walks = 5;
const subject = imageManifest({ digest: digestOf(config), size: config.length });
const subjectDescriptor = { mediaType: imageType, digest: digestOf(subject), size: subject.length };

/** Entries of all pages. */
async function walk(client: Client, first: string, count: (body: string) => number): Promise<number> {
  let seen = 0;
  let path: string | undefined = first;
  while (path !== undefined) {
    const answer = await client.send('GET', path, 200, { keepBody: true });
    seen += count(answer.body.toString());
    const next: string | undefined = /^<([^>]+)>/.exec(answer.header('link') ?? '')?.[1];
    path = next;
  }
  return seen;
}

function lengthOf(key: 'tags' | 'repositories' | 'manifests'): (body: string) => number {
  return (body) => (JSON.parse(body) as Record<string, readonly unknown[]>)[key]?.length ?? 0;
}

/** One image has at most 1,000 tags (ECR's quota), so that many tags need some images. */
function taggedImage(i: number): Buffer {
  const image = JSON.parse(subject.toString()) as object;
  return Buffer.from(JSON.stringify({ ...image, annotations: { group: String(Math.floor(i / 500)) } }));
}

function artifact(i: number): Buffer {
  const body = { schemaVersion: 2, mediaType: indexType, artifactType: 'application/x.bench', manifests: [] };
  return Buffer.from(JSON.stringify({ ...body, subject: subjectDescriptor, annotations: { number: String(i) } }));
}

export interface Lists {
  readonly side: Side;
  readonly client: Client;
  readonly hasReferrers: boolean;
}

/** Fills the side. */
export async function prepareLists(side: Side): Promise<Lists> {
  const client = createClient(side, width);
  const body = subject;
  const prepared = async (repository: string) => {
    await putBlob(client, repository, config, digestOf(config));
  };
  await prepared('lists/tags');
  await client.send('PUT', '/v2/lists/tags/manifests/latest', 201, { body, type: imageType });
  await inParallel(many, width, async (i) => {
    await client.send('PUT', `/v2/lists/tags/manifests/t${i}`, 201, { body: taggedImage(i), type: imageType });
  });
  await inParallel(many, width, async (i) => {
    const mount = `mount=${digestOf(config)}&from=lists/tags`;
    await client.send('POST', `/v2/lists/r${i}/blobs/uploads/?${mount}`, 201);
    await client.send('PUT', `/v2/lists/r${i}/manifests/latest`, 201, { body, type: imageType });
  });
  const path = `/v2/lists/tags/referrers/${digestOf(subject)}`;
  const hasReferrers = await client.send('GET', path, 200).then(
    () => true,
    () => false,
  );
  if (hasReferrers) {
    await inParallel(many, width, async (i) => {
      const bytes = artifact(i);
      await client.send('PUT', `/v2/lists/tags/manifests/${digestOf(bytes)}`, 201, { body: bytes, type: indexType });
    });
  }
  return { side, client, hasReferrers };
}

/** By row: lists a second, HEADs a second. */
export async function measureLists({ side, client, hasReferrers }: Lists): Promise<Map<string, number>> {
  const figures = new Map<string, number>();
  const list = async (name: string, path: string, key: 'tags' | 'repositories' | 'manifests') => {
    const { seconds, cpu } = await timed(side.pid, async () => {
      for (let i = 0; i < walks; i += 1) {
        const seen = await walk(client, path, lengthOf(key));
        if (seen < many) throw new Error(`${side.name} lists ${seen} of ${many} ${name}`);
      }
    });
    figures.set(`${name}, all pages/s`, walks / seconds);
    figures.set(`  CPU s per walk of ${name}`, cpu / walks);
  };
  await list(`${many} tags`, '/v2/lists/tags/tags/list?n=1000', 'tags');
  await list(`catalog of ${many}`, '/v2/_catalog?n=1000', 'repositories');
  if (hasReferrers) {
    await list(`${many} referrers`, `/v2/lists/tags/referrers/${digestOf(subject)}`, 'manifests');
  }
  for (const [name, path] of [
    ['manifest', '/v2/lists/tags/manifests/latest'],
    ['blob', `/v2/lists/tags/blobs/${digestOf(config)}`],
  ] as const) {
    const { seconds, cpu } = await timed(side.pid, () =>
      inParallel(heads, width, async () => void (await client.send('HEAD', path, 200))),
    );
    figures.set(`HEAD ${name}/s`, heads / seconds);
    figures.set(`  CPU s per 10,000 HEADs of a ${name}`, (cpu / heads) * 10_000);
  }
  return figures;
}
