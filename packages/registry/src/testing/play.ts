// For tests: plays what clients and collectors do at the same time, in the order that a schedule says, and tells what went
// wrong.
import { type Digest, digestOf, newHexId } from '@longshore/base';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { imageManifest, type TestManifest } from './fixture.ts';
import { deleteImage, putImage } from '../images.ts';
import { type KnownLayer, receiveKnownLayer } from '../known-layers.ts';
import { findLayer, keepLayer, mountLayer, unlinkLayer } from '../layers.ts';
import type { Tag } from '../names.ts';
import { finishLayer, receive } from '../receive.ts';
import { recover } from '../recovery.ts';
import { deleteRepository, ensureRepository, findRepository } from '../repositories.ts';
import type { Repository } from '../repository.ts';
import { createScript, type Script, type Task } from './script.ts';
import { collectRounds, contents, graceMs, type Mutation, repositoryRef, standsStill, type World } from './world.ts';

export type Operation =
  | { readonly kind: 'push' | 'push whole' | 'delete image'; readonly repository: 'a' | 'b'; readonly image: number }
  | { readonly kind: 'upload' | 'unlink'; readonly repository: 'shelf'; readonly blob: number }
  | { readonly kind: 'delete repository'; readonly repository: 'a' | 'b' }
  | { readonly kind: 'collect' }
  | { readonly kind: 'time passes'; readonly graces: number }
  | { readonly kind: 'crash' };

/** Which of the tasks that can go on goes on, and through how many gates. */
export interface Turn {
  readonly task: number;
  readonly gates: number;
}

export interface Play {
  /** One after the other, before anything else. */
  readonly before: readonly Operation[];
  readonly together: readonly Operation[];
  readonly schedule: readonly Turn[];
}

/** Both have the same config, so that each repository shares with the other. */
export const images: readonly TestManifest[] = [1, 2].map((layer) =>
  imageManifest(contents[0] ?? '', [contents[layer] ?? '']),
);
const blobsOf = (image: number) => [contents[0] ?? '', contents[image + 1] ?? ''];

interface Played extends Play {
  readonly world: World;
  readonly script: Script;
  readonly mutation: Mutation | undefined;
  readonly pushed: { readonly repository: string; readonly image: number }[];
}

/** Plays it; resolves to what went wrong, nothing if all is well. */
export async function play(world: World, plan: Play, mutation?: Mutation): Promise<string[]> {
  await world.reset();
  const script = createScript();
  const played: Played = { ...plan, world, script, mutation, pushed: [] };
  for (const operation of plan.before) await finish(played, begin(played, operation));
  for (const operation of plan.together) begin(played, operation);
  const faults = (await followSchedule(played)) ?? (await drain(played)) ?? (await afterwards(played));
  return [...faults, ...script.tasks.filter((task) => task.failure !== undefined).map(failureText)];
}

function failureText(task: Task): string {
  const { failure } = task;
  const text = failure instanceof Error ? `${failure.name} ${failure.message}` : String(failure);
  return `${task.name} failed: ${text}`;
}

async function stepAndLook({ world, script }: Played, task: Task): Promise<string[] | undefined> {
  const changes = ['write', 'remove', 'finish', 'recover'].includes(task.at);
  await script.step(task);
  if (!changes) return undefined;
  const faults = await world.faults();
  return faults.length > 0 ? faults.map((fault) => `after a step of ${task.name}: ${fault}`) : undefined;
}

async function finish(played: Played, task: Task): Promise<void> {
  while (task.state === 'parked') await played.script.step(task);
}

async function followSchedule(played: Played): Promise<string[] | undefined> {
  for (const { task: pick, gates } of played.schedule) {
    const parked = played.script.parked();
    const task = parked[pick % Math.max(1, parked.length)];
    if (!task) return undefined;
    for (let gate = 0; gate < gates && task.state === 'parked'; gate++) {
      const faults = await stepAndLook(played, task);
      if (faults) return faults;
      // Who waits lets others go on.
      if (task.at === 'sleep') break;
    }
  }
  return undefined;
}

/** Everybody in turn, to the end. */
async function drain(played: Played): Promise<string[] | undefined> {
  for (let round = 0; round < 1_000; round++) {
    const parked = played.script.parked();
    if (parked.length === 0) return undefined;
    if (parked.every((task) => task.at === 'sleep') && round % 20 === 0) begin(played, { kind: 'collect' });
    for (const task of parked) {
      const faults = task.state === 'parked' ? await stepAndLook(played, task) : undefined;
      if (faults) return faults;
    }
  }
  return [
    `no end: ${played.script
      .parked()
      .map((task) => `${task.name} at ${task.at}`)
      .join(', ')}`,
  ];
}

/** When all is done and the leases have run out, the store holds what images need, and no more. */
async function afterwards(played: Played): Promise<string[]> {
  const { world } = played;
  world.time += 3 * graceMs;
  await finish(played, begin(played, { kind: 'collect' }));
  const faults = await world.faults();
  const digests = async (text: string) =>
    (await world.store.all<{ digest: string }>({ text, params: [] })).map((row) => row.digest);
  const needed = await digests('SELECT DISTINCT digest FROM registry_manifest_refs ORDER BY digest');
  const recorded = await digests('SELECT digest FROM registry_blobs ORDER BY digest');
  const linked = await digests('SELECT DISTINCT digest FROM registry_repository_blobs ORDER BY digest');
  for (const [what, held] of [
    ['linked', linked],
    ['recorded', recorded],
    ['stored', await world.storedBytes()],
  ] as const) {
    if (held.join() !== needed.join())
      faults.push(`${held.length} blobs are ${what} in the end, ${needed.length} needed`);
  }
  if ((await world.openUploads()).length > 0) faults.push('uploads are left in the end');
  for (const { repository, image } of played.pushed) {
    const doomed = [...played.before, ...played.together].some(
      (each) =>
        (each.kind === 'delete repository' && each.repository === repository) ||
        (each.kind === 'delete image' && each.repository === repository && each.image === image),
    );
    const there = await world.store.get(sql`SELECT 1 AS one FROM registry_manifests m
      JOIN registry_repositories r ON r.id = m.repository
      WHERE r.name = ${repository} AND m.digest = ${images[image]?.digest ?? ''}`);
    if (!doomed && !there) faults.push(`image ${image} of ${repository} was pushed and is not there`);
  }
  return faults;
}

function begin(played: Played, operation: Operation): Task {
  const { script, world, mutation } = played;
  const replica = world.replica(script, mutation);
  const name = Object.values(operation).join(' ');
  return script.start(`${name} (task ${script.tasks.length})`, async (task) => {
    const core = replica.core(task);
    switch (operation.kind) {
      case 'push':
        return push(played, core, operation, provide);
      case 'push whole':
        return push(played, core, operation, (...layer) => sendWhole(...layer, () => script.gate(task, 'body')));
      case 'upload':
        return upload(
          core,
          await ensureRepository(core, repositoryRef('shelf'), 'CREATE_ON_PUSH'),
          contents[operation.blob] ?? '',
        );
      case 'unlink':
        return unlink(core, digestOf(contents[operation.blob] ?? ''));
      case 'delete image':
        return removeImage(core, operation.repository, operation.image);
      case 'delete repository':
        return allow(['repositoryUnknown'], async () => {
          await deleteRepository(core, repositoryRef(operation.repository), true);
        });
      case 'collect':
        return collectRounds(world, replica, task, 3);
      case 'time passes':
        if (!standsStill(script)) await world.pass(operation.graces * graceMs);
        return undefined;
      case 'crash':
        return crash(played, task, core);
    }
  });
}

/** Everything that has begun is cut off where it is; then the program starts again. */
async function crash({ script, world }: Played, self: Task, core: Core): Promise<void> {
  for (const task of script.parked()) if (task !== self && task.at !== 'its beginning') script.kill(task);
  // Nothing is served before this has ended: no gates.
  await recover({ ...core, store: world.store, blobs: world.blobs });
}

async function allow(kinds: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RegistryError) || !kinds.includes(error.kind)) throw error;
  }
}

interface Pushed {
  readonly repository: 'a' | 'b';
  readonly image: number;
}

/** How a client brings a layer. */
type Provide = (core: Core, repository: Repository, name: string, content: string) => Promise<void>;

/** As a client does: each layer, then the manifest. */
async function push(played: Played, core: Core, { repository: name, image }: Pushed, bring: Provide): Promise<void> {
  const since = core.clock.now();
  const repository = await ensureRepository(core, repositoryRef(name), 'CREATE_ON_PUSH');
  const deleted = [...played.before, ...played.together].some(
    (each) => each.kind === 'delete repository' && each.repository === name,
  );
  try {
    for (const content of blobsOf(image)) await bring(core, repository, name, content);
    const bytes = Buffer.from(images[image]?.bytes ?? '');
    await putImage(core, repository, { bytes, mediaType: undefined, tags: [`v${image}` as Tag] });
    played.pushed.push({ repository: name, image });
  } catch (error) {
    // Who takes longer than the grace may find layers gone, and who pushes into a deleted repository finds nothing.
    const late = core.clock.now() - since > graceMs;
    if (!(error instanceof RegistryError) || error.kind === 'layerBeingRemoved' || !(late || deleted)) throw error;
  }
}

async function* elsewhere(core: Core, name: string, digest: Digest): AsyncGenerator<KnownLayer> {
  for (const from of ['a', 'b', 'shelf'].filter((each) => each !== name)) {
    const { repository, layer } = await findLayer(core, repositoryRef(from), digest);
    if (repository && layer) yield { repository, digest, layer };
  }
}

/** Asks for the layer, mounts it, or uploads it. */
async function provide(core: Core, repository: Repository, name: string, content: string): Promise<void> {
  const digest = digestOf(content);
  const held = await findLayer(core, repositoryRef(name), digest);
  if (held.repository && held.layer && (await keepLayer(core, held.repository, digest, held.layer))) return;
  for await (const source of elsewhere(core, name, digest)) {
    if (await mountLayer(core, source.repository, repository, digest, source.layer)) return;
  }
  await upload(core, repository, content);
}

/** Sends it without asking, and others come in before the body's first byte, and before its end. */
async function sendWhole(
  core: Core,
  repository: Repository,
  name: string,
  content: string,
  inBetween: () => Promise<void>,
): Promise<void> {
  async function* body() {
    await inBetween();
    yield Buffer.from(content);
    await inBetween();
  }
  for await (const known of elsewhere(core, name, digestOf(content))) {
    if (await receiveKnownLayer(core, known, { repository, upload: undefined }, body())) return;
  }
  await upload(core, repository, content);
}

async function upload(core: Core, repository: Repository, content: string): Promise<void> {
  const id = newHexId();
  await core.blobs.create(id);
  async function* source() {
    yield Buffer.from(content);
  }
  await receive(core, repository, id, source());
  await finishLayer(core, repository, { id, recorded: false }, digestOf(content));
}

async function unlink(core: Core, digest: Digest): Promise<void> {
  const repository = await findRepository(core.store, repositoryRef('shelf'));
  if (repository) await allow(['blobUnknown'], () => unlinkLayer(core, repository, digest));
}

async function removeImage(core: Core, name: 'a' | 'b', image: number): Promise<void> {
  const repository = await findRepository(core.store, repositoryRef(name));
  if (!repository) return;
  await allow(['manifestUnknown'], async () => {
    await deleteImage(core, repository, (images[image]?.digest ?? '') as Digest);
  });
}
