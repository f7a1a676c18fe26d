// Ten clients push, mount, delete and pull shared layers while collection runs all the time at its shortest grace; the server is
// killed and its disk is full in between. No request fails that should not; afterwards every tagged image pulls with its
// right digests, and the store holds exactly what is reachable. SOAK_SECONDS (60) says how long.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newHexId } from '@longshore/base';
import { expect, test } from 'vitest';
import { run } from './support/command.ts';
import { freePort, type Longshore, root, startLongshore, until } from './support/longshore.ts';
import { registryAuthorization } from './support/push.ts';

const seconds = Number(process.env.SOAK_SECONDS ?? 60);
const clients = 10;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const isRoot = process.getuid?.() === 0;

interface Image {
  readonly name: string;
  readonly tag: string;
  readonly manifest: string;
  readonly digest: string;
  readonly blobs: readonly string[];
}

interface Layer {
  readonly digest: string;
  readonly bytes: Buffer;
}

function layerOf(bytes: Buffer): Layer {
  return { digest: sha256(bytes), bytes };
}

interface World {
  longshore: Longshore;
  authorization: string;
  /** Killed or full just now: failures of requests under way mean nothing. */
  disturbed: number;
  readonly failures: string[];
  readonly counts: Record<
    'pushed' | 'pulled' | 'mounted' | 'uploaded' | 'skipped' | 'deleted' | 'disturbances',
    number
  >;
  /** Bases that many images share, so that removal and push meet. */
  readonly shared: readonly Layer[];
  /** What somebody pushed a moment ago, to be mounted from there while that image is perhaps deleted. */
  readonly recent: (Layer & { readonly from: string })[];
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

class Failed extends Error {}

interface Request extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(world: World, path: string, init: Request = {}, expected: readonly number[] = [200]) {
  const url = path.startsWith('http') ? path : `${world.longshore.url}${path}`;
  const answer = await fetch(url, { ...init, headers: { authorization: world.authorization, ...init.headers } });
  const body = Buffer.from(await answer.arrayBuffer());
  if (!expected.includes(answer.status)) {
    throw new Failed(`${init.method ?? 'GET'} ${path}: ${answer.status} ${body.toString().slice(0, 300)}`);
  }
  return { status: answer.status, headers: answer.headers, body };
}

/** As clients do: HEAD; else mount from a neighbour, as some do not; else upload in one or two pieces. */
async function provide(world: World, name: string, { digest, bytes }: Layer, neighbour: string): Promise<void> {
  const head = await ask(world, `/v2/${name}/blobs/${digest}`, { method: 'HEAD' }, [200, 404]);
  if (head.status === 200) {
    world.counts.skipped += 1;
    return;
  }
  const query = randomInt(3) === 0 ? '' : `?mount=${digest}&from=${neighbour}`;
  const begun = await ask(world, `/v2/${name}/blobs/uploads/${query}`, { method: 'POST' }, [201, 202]);
  if (begun.status === 201) {
    world.counts.mounted += 1;
    return;
  }
  const location = new URL(begun.headers.get('location') ?? '', world.longshore.url);
  const headers = { 'content-type': 'application/octet-stream' };
  const half = randomInt(2) === 0 ? 0 : Math.floor(bytes.length / 2);
  if (half > 0) {
    await ask(
      world,
      location.href,
      { method: 'PATCH', headers, body: Uint8Array.from(bytes.subarray(0, half)) },
      [202],
    );
  }
  location.searchParams.set('digest', digest);
  await ask(world, location.href, { method: 'PUT', headers, body: Uint8Array.from(bytes.subarray(half)) }, [201]);
  world.counts.uploaded += 1;
}

async function push(world: World, name: string, tag: string, neighbour: string): Promise<Image> {
  const bases = world.shared.filter(() => randomInt(3) === 0);
  const known = randomInt(2) === 0 ? world.recent[randomInt(world.recent.length + 1)] : undefined;
  const own = known ?? layerOf(randomBytes(randomInt(1, 20_000)));
  const layers = [...bases, own];
  // No two images are the same: deleting one by its digest must take no other away.
  const labels = { image: newHexId(), layers: layers.map(({ digest }) => digest).join(' ') };
  const config = layerOf(
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: labels } })),
  );
  const describe = (mediaType: string, { digest, bytes }: Layer) => ({ mediaType, digest, size: bytes.length });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
  });
  const blobs = [config, ...layers];
  for (const layer of blobs) await provide(world, name, layer, layer === known ? known.from : neighbour);
  const image = { name, tag, manifest, digest: sha256(manifest), blobs: blobs.map(({ digest }) => digest) };
  const headers = { 'content-type': manifestType };
  await ask(world, `/v2/${name}/manifests/${tag}`, { method: 'PUT', headers, body: manifest }, [201]);
  world.counts.pushed += 1;
  world.recent.push({ ...own, from: name });
  if (world.recent.length > 2 * clients) world.recent.shift();
  return image;
}

async function pull(world: World, image: Image): Promise<void> {
  const { body } = await ask(world, `/v2/${image.name}/manifests/${image.tag}`, { headers: { accept: manifestType } });
  if (sha256(body) !== image.digest) throw new Failed(`${image.name}:${image.tag} is another manifest`);
  for (const digest of image.blobs) {
    const blob = await ask(world, `/v2/${image.name}/blobs/${digest}`);
    if (sha256(blob.body) !== digest) throw new Failed(`${image.name}@${digest} has other bytes`);
  }
  world.counts.pulled += 1;
}

async function remove(world: World, image: Image): Promise<void> {
  await ask(world, `/v2/${image.name}/manifests/${image.digest}`, { method: 'DELETE' }, [202, 404]);
  world.counts.deleted += 1;
}

/** One client: a repository of its own, so that it knows what must be there; its neighbours mount from it. */
async function client(world: World, number: number, signal: AbortSignal): Promise<readonly Image[]> {
  const name = `soak/client-${number}`;
  const held = new Map<string, Image>();
  for (let turn = 0; !signal.aborted; turn++) {
    const tag = `t${randomInt(4)}`;
    const before = world.disturbed;
    const image = held.get(tag);
    try {
      if (!image || randomInt(3) === 0) {
        // The digest of the tag's image is unknown until the push is acknowledged.
        held.delete(tag);
        if (image) await remove(world, image);
        held.set(tag, await push(world, name, tag, `soak/client-${randomInt(clients)}`));
      } else if (randomInt(4) === 0) {
        held.delete(tag);
        await remove(world, image);
      } else await pull(world, image);
    } catch (error) {
      const calm = before === world.disturbed && before % 2 === 0;
      if (calm) world.failures.push(error instanceof Error ? `${name} turn ${turn}: ${error.message}` : String(error));
      else await until('the disturbance is over', () => world.disturbed % 2 === 0 || signal.aborted, 120_000);
    }
  }
  return [...held.values()];
}

/** `work` with failures excused. */
async function disturb(world: World, work: () => Promise<void>): Promise<void> {
  world.disturbed += 1;
  await work();
  world.counts.disturbances += 1;
  world.disturbed += 1;
}

function moment(ms: number): () => boolean {
  const at = Date.now() + ms;
  return () => Date.now() >= at;
}

function blobFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'registry', 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.split('/').at(-2)}:${entry.name}`)
    .toSorted();
}

async function reachable(world: World): Promise<string[]> {
  const found = new Set<string>();
  for (let number = 0; number < clients; number++) {
    const name = `soak/client-${number}`;
    const listed = await run(join(root, 'bin', 'longshore'), ['images', name, '--json'], { env: world.longshore.env });
    const images = JSON.parse(listed) as readonly { readonly digest: string }[];
    for (const { digest } of images) {
      const { body } = await ask(world, `/v2/${name}/manifests/${digest}`, { headers: { accept: manifestType } });
      const { config, layers } = JSON.parse(body.toString()) as {
        config: { digest: string };
        layers: { digest: string }[];
      };
      for (const each of [config, ...layers]) found.add(each.digest);
    }
  }
  return [...found].toSorted();
}

test(
  `${seconds} s of pushes, mounts, deletions and pulls beside collection, kills and a full disk`,
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'longshore-soak-'));
    const disk = join(dataDir, 'registry');
    mkdirSync(disk, { mode: 0o700 });
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', disk]);
    else console.warn('Not root: the disk is not filled in this run.');
    const options = {
      dataDir,
      port: await freePort(),
      args: ['--no-agent'],
      env: { LONGSHORE_COLLECT_GRACE: '10s', LONGSHORE_COLLECT_EVERY: '200ms', LONGSHORE_UPLOAD_TTL: '10s' },
    };
    const longshore = await startLongshore(options);
    // Some of a size from which on a layer that is there already is only verified.
    const sizes = [10_000, 50_000, 100_000, 200_000, 300_000, 400_000];
    const world: World = {
      longshore,
      authorization: await registryAuthorization(longshore),
      disturbed: 0,
      failures: [],
      counts: { pushed: 0, pulled: 0, mounted: 0, uploaded: 0, skipped: 0, deleted: 0, disturbances: 0 },
      shared: sizes.map((size) => layerOf(randomBytes(size))),
      recent: [],
    };
    try {
      const stop = new AbortController();
      const work = Array.from({ length: clients }, (_, number) => client(world, number, stop.signal));
      const part = (seconds * 1000) / 4;
      for (const disturbance of isRoot ? ['kill', 'full', 'kill'] : ['kill', 'kill']) {
        await until('it went on for a while', moment(part), part + 60_000);
        await disturb(world, async () => {
          if (disturbance === 'kill') {
            await world.longshore.kill();
            world.longshore = await startLongshore(options);
            return;
          }
          writeFileSync(join(disk, 'ballast'), '');
          execFileSync('sh', ['-c', `cat /dev/zero > '${join(disk, 'ballast')}' || true`], { stdio: 'ignore' });
          await until('the disk was full for a while', moment(2_000));
          rmSync(join(disk, 'ballast'));
        });
      }
      await until('it went on for a while', moment(part), part + 60_000);
      stop.abort();
      const images = (await Promise.all(work)).flat();
      expect(world.failures).toEqual([]);
      for (const image of images) await pull(world, image);
      await until(
        'the store holds what is reachable and nothing else',
        async () => {
          await run(join(root, 'bin', 'longshore'), ['registry', 'collect'], { env: world.longshore.env });
          return JSON.stringify(blobFiles(dataDir)) === JSON.stringify(await reachable(world));
        },
        90_000,
      );
      for (const image of images) await pull(world, image);
      console.log(JSON.stringify({ ...world.counts, images: images.length, blobs: blobFiles(dataDir).length }));
      expect(world.counts.pushed).toBeGreaterThan(clients);
      expect(world.counts.mounted).toBeGreaterThan(clients);
      expect(readdirSync(join(disk, 'uploads'))).toEqual([]);
    } finally {
      await world.longshore.stop();
      if (isRoot) execFileSync('umount', [disk]);
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  (seconds + 400) * 1000,
);
