// For tests: the registry's own code over a real store and real blobs, with a gate of the script before every call that it
// makes, a clock that stands still, and the properties that hold after every step.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AccountId, type Clock, type Digest, digestOf, memoryMeter, silentLogger } from '@longshore/base';
import { type BlobStore, openDirectoryBlobStore } from '@longshore/blobs';
import { createIdentity, identityMigrations } from '@longshore/identity';
import {
  ConflictError,
  openStore,
  type Step,
  type Store,
  sql,
  storeMigrations,
  type Update,
  type View,
} from '@longshore/store';
import { collectRound } from '../collection/round.ts';
import { createTurn, NotOurTurnError } from '../collection/turn.ts';
import type { Core } from '../core.ts';
import { renewHolds } from '../holds.ts';
import type { RepositoryName, RepositoryRef } from '../names.ts';
import { createCore } from '../registry.ts';
import { registryMigrations } from '../schema.ts';
import type { Script, Task } from './script.ts';

export const graceMs = 60_000;
const account = '111122223333' as AccountId;

export function repositoryRef(name: string): RepositoryRef {
  return { account, name: name as RepositoryName };
}

/** Changes the steps of a write: how a test breaks a rule without touching the product. */
export type Mutation = (step: Step) => Step;

const tables = [
  'accounts',
  'tags',
  'manifest_refs',
  'manifests',
  'repository_blobs',
  'blobs',
  'removed_blobs',
  'image_counts',
  'repositories',
];

/**
 * What collection assumes: no process stands still for seconds between looking at its lease and the removal of bytes. So
 * time stands still while one is there.
 */
export function standsStill(script: Script): boolean {
  return script.parked().some((task) => task.at === 'remove');
}

/** One process of the server. */
export interface Replica {
  readonly core: (task: Task) => Core;
}

export interface World {
  readonly store: Store;
  readonly blobs: BlobStore;
  /** Milliseconds; only tests move it. */
  time: number;
  /** Lets time pass, with what every living process does all the while: renew what it holds. */
  pass(ms: number): Promise<void>;
  replica(script: Script, mutation?: Mutation): Replica;
  /** Empty again. */
  reset(): Promise<void>;
  /** Every violated property, in words. */
  faults(): Promise<string[]>;
  /** Digests whose bytes are on the disk. */
  storedBytes(): Promise<string[]>;
  /** Uploads that are not released. */
  openUploads(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  // Memory where there is some: what is checked here is order, and not the disk.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'longshore-model-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'test.db')}`, log: silentLogger });
  await store.migrate([...storeMigrations, ...identityMigrations, ...registryMigrations]);
  const blobFolder = join(folder, 'blobs');
  const blobs = await openDirectoryBlobStore({ dir: blobFolder, log: silentLogger });
  const processes = new Map<Task, Core>();
  const world: World = {
    store,
    blobs,
    time: 1_000_000,
    async pass(ms) {
      world.time += ms;
      for (const [task, core] of processes) if (task.state !== 'dead') await renewHolds({ ...core, store });
    },
    replica: (script, mutation) => createReplica(world, processes, script, mutation ?? ((step) => step)),
    async reset() {
      world.time = 1_000_000;
      processes.clear();
      await store.write(
        tables
          .map((table) => ({ sql: { text: `DELETE FROM registry_${table}`, params: [] } }))
          .concat([
            { sql: { text: 'DELETE FROM store_leases', params: [] } },
            { sql: { text: 'DELETE FROM outbox', params: [] } },
          ]),
      );
      for (const digest of await storedBytes(blobFolder)) await blobs.remove(digest);
      await blobs.recover({ isKnown: async () => false, isStored: async () => false });
    },
    faults: () => findFaults(store, blobs),
    storedBytes: () => storedBytes(blobFolder),
    openUploads: () => readdir(join(blobFolder, 'uploads')),
    async close() {
      await blobs.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
  return world;
}

function createReplica(world: World, processes: Map<Task, Core>, script: Script, mutation: Mutation): Replica {
  const core = (task: Task): Core => {
    const store = gatedStore(world.store, script, task, mutation);
    const clock: Clock = {
      now: () => world.time,
      async sleep(ms) {
        await script.gate(task, 'sleep');
        if (!standsStill(script)) await world.pass(ms);
      },
    };
    const parts = { clock, log: silentLogger, region: 'us-east-1' };
    const identity = createIdentity({ ...parts, store: world.store, masterKey: new Uint8Array(32) });
    const made = createCore({
      ...parts,
      store,
      blobs: gatedBlobs(world.blobs, script, task),
      tokens: identity.registryTokens,
      authorizer: identity.authorizer,
      meter: memoryMeter(),
      uploadTtlMs: 3_600_000,
      collection: { graceMs, everyMs: 3_600_000 },
    });
    processes.set(task, made);
    return made;
  };
  return { core };
}

/** `rounds` of a collector in a process of its own. That another replica is at it is no failure. */
export async function collectRounds(world: World, replica: Replica, task: Task, rounds: number): Promise<void> {
  const core = replica.core(task);
  const turn = createTurn(core);
  try {
    for (let round = 0; round < rounds; round++) {
      await collectRound(core, turn);
      world.time += 2;
    }
    await turn.release();
  } catch (error) {
    const lost = error instanceof Error && error.message.includes('no longer held');
    if (!lost && !(error instanceof NotOurTurnError)) throw error;
  }
}

function gatedStore(store: Store, script: Script, task: Task, mutation: Mutation): Store {
  const pass = (at: string) => script.gate(task, at);
  const view: View = {
    async all<T extends object>(query: Parameters<View['all']>[0]) {
      await pass('read');
      return store.all<T>(query);
    },
    async get<T extends object>(query: Parameters<View['get']>[0]) {
      await pass('read');
      return store.get<T>(query);
    },
  };
  async function write(steps: readonly Step[]) {
    await pass('write');
    return store.write(steps.map(mutation));
  }
  return {
    ...view,
    // Several replicas: the lease of collection is fought for.
    kind: 'postgres',
    revision: () => undefined,
    write,
    async update<T>(plan: (seen: View) => Promise<Update<T>>): Promise<T> {
      for (let attempt = 0; ; attempt++) {
        const { steps, result } = await plan(view);
        try {
          await write(steps);
          return result;
        } catch (error) {
          if (!(error instanceof ConflictError) || attempt >= 20) throw error;
        }
      }
    },
    migrate: (migrations) => store.migrate(migrations),
    close: () => store.close(),
  };
}

function gatedBlobs(blobs: BlobStore, script: Script, task: Task): BlobStore {
  const gated =
    <A extends unknown[], R>(at: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await script.gate(task, at);
      return call(...args);
    };
  return {
    ...blobs,
    create: gated('create', blobs.create),
    append: gated('append', blobs.append),
    finish: gated('finish', blobs.finish),
    release: gated('release', blobs.release),
    cancel: gated('cancel', blobs.cancel),
    remove: gated('remove', blobs.remove),
    recover: gated('recover', blobs.recover),
  };
}

async function storedBytes(folder: string): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const entry of await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true })) {
    const algorithm = entry.parentPath.split('/').at(-2);
    if (entry.isFile()) found.push(`${algorithm}:${entry.name}` as Digest);
  }
  return found.toSorted();
}

/** What must hold between any two steps of anybody. */
async function findFaults(store: Store, blobs: BlobStore): Promise<string[]> {
  const rows = await store.all<{ digest: Digest; size: number; status: string; links: number }>(
    sql`SELECT b.digest, b.size, b.status, (SELECT COUNT(*) FROM registry_repository_blobs l WHERE l.stored = b.digest)
      AS links FROM registry_blobs b`,
  );
  const faults: string[] = [];
  for (const { digest, size, status, links } of rows) {
    const usable = status === 'none' || status === 'condemned';
    if (usable && (await blobs.size(digest)) !== size) faults.push(`${nameOf(digest)} is recorded and has no bytes`);
    if (links > 0 && !usable) faults.push(`${nameOf(digest)} is linked and ${status}`);
  }
  const missing = await store.all<{ manifest: string; digest: Digest }>(
    sql`SELECT f.manifest, f.digest FROM registry_manifest_refs f WHERE f.kind <> 'foreign' AND NOT EXISTS
      (SELECT 1 FROM registry_repository_blobs l WHERE l.repository = f.repository AND l.digest = f.digest)`,
  );
  for (const { digest } of missing)
    faults.push(`a manifest names ${nameOf(digest)}, which its repository does not link`);
  return faults;
}

/** The content of a small blob, for messages. */
function nameOf(digest: string): string {
  return contents.find((each) => digestOf(each) === digest) ?? digest;
}

/** The blobs that the tests use. */
export const contents: readonly string[] = ['config', 'layer one', 'layer two'];
