// Repositories, manifests and layers that were looked up since the last write to what they are rows of: what many machines pull
// at once is read once, whatever is pushed to other repositories. Each caller has entries of its own, also of what is absent:
// how long an answer takes tells nobody what others have asked for.
import type { Digest } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { FoundLayer } from './layers.ts';
import type { Reference, RepositoryRef } from './names.ts';
import type { FoundManifest } from './reading.ts';
import { type Repository, repositoryTables } from './repository.ts';
import { createRevisionMemory, sourceOf } from './revision-memory.ts';

export type ManifestPart = 'head' | 'whole';

/** `who` is the caller's ARN. */
export interface ImageMemory {
  manifest(
    who: string,
    ref: RepositoryRef,
    reference: Reference,
    part: ManifestPart,
    read: () => Promise<FoundManifest>,
  ): Promise<FoundManifest>;
  repository(
    who: string,
    ref: RepositoryRef,
    read: () => Promise<Repository | undefined>,
  ): Promise<Repository | undefined>;
  /** Of a layer that `who` may read in `ref` and whose link was looked up: forgotten with the link. */
  bytes(who: string, ref: RepositoryRef, digest: Digest, read: () => Promise<Uint8Array>): Promise<Uint8Array>;
  layer(who: string, ref: RepositoryRef, digest: Digest, read: () => Promise<FoundLayer>): Promise<FoundLayer>;
}

/** Larger ones are read each time. */
const longestKept = 64 * 1024;
const MiB = 1024 * 1024;
/** What an entry takes beside the manifest's bytes, about. */
const entryBytes = 1_000;

function manifestSize({ manifest }: FoundManifest): number | undefined {
  const size = manifest?.bytes.length ?? 0;
  return size > longestKept ? undefined : size + entryBytes;
}

/** With the bytes as text too (`StoredManifest.text`). */
function withText(found: FoundManifest): FoundManifest {
  const { manifest } = found;
  if (!manifest || manifest.bytes.length === 0 || manifestSize(found) === undefined) return found;
  const { buffer, byteOffset, length } = manifest.bytes;
  return { ...found, manifest: { ...manifest, text: Buffer.from(buffer, byteOffset, length).toString('latin1') } };
}

const linkTables = ['registry_repository_blobs'];
const layerTables = [...repositoryTables, ...linkTables];
const manifestTables = [...repositoryTables, 'registry_manifests', 'registry_tags'];

export function createImageMemory(store: Pick<Store, 'revision'>): ImageMemory {
  const manifests = createRevisionMemory<FoundManifest>(store, {
    mostEntries: 4_000,
    mostBytes: 16 * MiB,
    sizeOf: manifestSize,
  });
  const repositories = createRevisionMemory<{ readonly found: Repository | undefined }>(store, {
    mostEntries: 2_000,
    mostBytes: 2 * MiB,
    sizeOf: () => entryBytes,
  });
  const bytes = createRevisionMemory<Uint8Array>(store, {
    mostEntries: 4_000,
    mostBytes: 4 * MiB,
    sizeOf: ({ length }) => length + entryBytes,
  });
  const layers = createRevisionMemory<FoundLayer>(store, {
    mostEntries: 4_000,
    mostBytes: 4 * MiB,
    sizeOf: () => entryBytes,
  });
  return {
    async manifest(who, ref, reference, part, read) {
      const item = 'tag' in reference ? `:${reference.tag}` : `@${reference.digest}`;
      const whole = `${who} ${ref.account}/${ref.name}${item}`;
      const head = `${whole} head`;
      const source = sourceOf(ref, manifestTables);
      // Who wants the head is served from the whole.
      const known = manifests.get(whole, source) ?? (part === 'head' ? manifests.get(head, source) : undefined);
      return known ?? manifests.read(part === 'head' ? head : whole, source, async () => withText(await read()));
    },
    async repository(who, ref, read) {
      const key = `${who} ${ref.account}/${ref.name}`;
      const { found } = await repositories.recall(key, sourceOf(ref, repositoryTables), async () => ({
        found: await read(),
      }));
      return found;
    },
    bytes: (who, ref, digest, read) =>
      bytes.recall(`${who} ${ref.account}/${ref.name}@${digest}`, sourceOf(ref, linkTables), read),
    layer: (who, ref, digest, read) =>
      layers.recall(`${who} ${ref.account}/${ref.name}@${digest}`, sourceOf(ref, layerTables), read),
  };
}
