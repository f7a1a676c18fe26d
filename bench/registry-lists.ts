// Lists of many: tags of one repository, the catalog, referrers of one subject; walked from page to page to their end. And
// HEAD of a blob and of a manifest. What a list holds is looked at once, before the timing, and is the first time it is asked
// for; a timed walk follows the links and counts bytes, for every side alike, so that it measures the server and not how fast
// this client reads JSON. Rows "after a push" are walks of which each is the first since something was added to the list.
import { randomBytes } from 'node:crypto';
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
/** Of a list in one sample, from its first page to its last: at least so many, and as many as fit into so many seconds. */
const fewestWalks = 5;
const walkSeconds = 3;
const walksAfterPushes = 5;
const subject = imageManifest({ digest: digestOf(config), size: config.length });
const subjectDescriptor = { mediaType: imageType, digest: digestOf(subject), size: subject.length };

type ListKey = 'tags' | 'repositories' | 'manifests';

interface Walked {
  readonly entries: Set<unknown>;
  readonly bytes: number;
}

/** All pages; their entries only if `key` says where they are. */
async function walk(client: Client, first: string, key?: ListKey): Promise<Walked> {
  const entries = new Set<unknown>();
  let bytes = 0;
  let path: string | undefined = first;
  while (path !== undefined) {
    const answer = await client.send('GET', path, 200, { keepBody: key !== undefined });
    bytes += answer.bytes;
    for (const entry of key === undefined ? [] : listed(answer.body, key)) entries.add(entry);
    const next: string | undefined = /^<([^>]+)>/.exec(answer.header('link') ?? '')?.[1];
    path = next;
  }
  return { entries, bytes };
}

/** What tells the entries of a page apart. */
function listed(body: Buffer, key: ListKey): unknown[] {
  const entries = (JSON.parse(body.toString()) as Record<string, readonly unknown[]>)[key] ?? [];
  return key === 'manifests' ? entries.map((entry) => (entry as { readonly digest: string }).digest) : [...entries];
}

/** One image has at most 1,000 tags (ECR's quota), so that many tags need some images. */
function taggedImage(i: number): Buffer {
  const image = JSON.parse(subject.toString()) as object;
  return Buffer.from(JSON.stringify({ ...image, annotations: { group: String(Math.floor(i / 500)) } }));
}

function artifact(unique: string): Buffer {
  const body = { schemaVersion: 2, mediaType: indexType, artifactType: 'application/x.bench', manifests: [] };
  return Buffer.from(JSON.stringify({ ...body, subject: subjectDescriptor, annotations: { number: unique } }));
}

async function putArtifact(client: Client, unique: string): Promise<void> {
  const body = artifact(unique);
  await client.send('PUT', `/v2/lists/tags/manifests/${digestOf(body)}`, 201, { body, type: indexType });
}

/** A repository with the small image. Its config is in `lists/tags`. */
async function putImage(client: Client, name: string): Promise<void> {
  await client.send('POST', `/v2/${name}/blobs/uploads/?mount=${digestOf(config)}&from=lists/tags`, 201);
  await client.send('PUT', `/v2/${name}/manifests/latest`, 201, { body: subject, type: imageType });
}

export interface Lists {
  readonly side: Side;
  readonly client: Client;
  readonly hasReferrers: boolean;
}

/** Fills the side. */
export async function prepareLists(side: Side): Promise<Lists> {
  const client = createClient(side, width);
  await putBlob(client, 'lists/tags', config, digestOf(config));
  await client.send('PUT', '/v2/lists/tags/manifests/latest', 201, { body: subject, type: imageType });
  await inParallel(many, width, async (i) => {
    await client.send('PUT', `/v2/lists/tags/manifests/t${i}`, 201, { body: taggedImage(i), type: imageType });
  });
  await inParallel(many, width, (i) => putImage(client, `lists/r${i}`));
  const path = `/v2/lists/tags/referrers/${digestOf(subject)}`;
  const hasReferrers = await client.send('GET', path, 200).then(
    () => true,
    () => false,
  );
  if (hasReferrers) await inParallel(many, width, (i) => putArtifact(client, String(i)));
  return { side, client, hasReferrers };
}

interface List {
  /** How rows call it. */
  readonly name: string;
  readonly path: string;
  readonly key: ListKey;
  /** Adds to the list. */
  readonly push: (client: Client, unique: string) => Promise<unknown>;
}

const tagList: List = {
  name: `${many} tags`,
  path: '/v2/lists/tags/tags/list?n=1000',
  key: 'tags',
  push: (client, unique) =>
    client.send('PUT', `/v2/lists/tags/manifests/${unique}`, 201, { body: taggedImage(many), type: imageType }),
};
const catalog: List = {
  name: `catalog of ${many}`,
  path: '/v2/_catalog?n=1000',
  key: 'repositories',
  push: (client, unique) => putImage(client, `lists/${unique}`),
};
const referrers: List = {
  name: `${many} referrers`,
  path: `/v2/lists/tags/referrers/${digestOf(subject)}`,
  key: 'manifests',
  push: (client, unique) => putArtifact(client, unique),
};

async function measureList({ side, client }: Lists, list: List, figures: Map<string, number>): Promise<void> {
  const { name, path } = list;
  const { entries, bytes } = await walk(client, path, list.key);
  if (entries.size < many) throw new Error(`${side.name} lists ${entries.size} of ${many} ${name}`);
  const { result, seconds, cpu } = await timed(side.pid, async () => {
    const end = performance.now() + walkSeconds * 1000;
    for (let done = 0; ; done += 1) {
      if (done >= fewestWalks && performance.now() >= end) return done;
      const again = await walk(client, path);
      if (again.bytes !== bytes) throw new Error(`${side.name} lists ${name} in ${again.bytes} bytes, not ${bytes}`);
    }
  });
  figures.set(`${name}, all pages/s`, result / seconds);
  figures.set(`  CPU s per 1,000 walks of ${name}`, (cpu / result) * 1000);
  let after = 0;
  for (let i = 0; i < walksAfterPushes; i += 1) {
    await list.push(client, `x${randomBytes(6).toString('hex')}`);
    const pushed = await timed(side.pid, () => walk(client, path));
    after += pushed.seconds;
  }
  figures.set(`  ${name} after a push, all pages/s`, walksAfterPushes / after);
}

/** By row: lists a second, HEADs a second. */
export async function measureLists(lists: Lists): Promise<Map<string, number>> {
  const { side, client, hasReferrers } = lists;
  const figures = new Map<string, number>();
  for (const list of [tagList, catalog, ...(hasReferrers ? [referrers] : [])]) await measureList(lists, list, figures);
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
