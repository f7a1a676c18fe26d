// Manifests that were read since the last write: one that many machines pull at once is read once.
import type { Store } from '@longshore/store';
import type { Reference, RepositoryRef } from './names.ts';
import type { FoundManifest } from './reading.ts';
import { createRevisionMemory } from './revision-memory.ts';

export type ManifestPart = 'head' | 'whole';

export interface ManifestMemory {
  find(
    ref: RepositoryRef,
    reference: Reference,
    part: ManifestPart,
    read: () => Promise<FoundManifest>,
  ): Promise<FoundManifest>;
}

/** Larger ones are read each time. */
const longestKept = 64 * 1024;
const MiB = 1024 * 1024;

function sizeOf({ repository, manifest }: FoundManifest): number | undefined {
  const size = manifest?.bytes.length ?? 0;
  return repository === undefined || size > longestKept ? undefined : size + 1_000;
}

/** With the bytes as text too (`StoredManifest.text`). */
function withText(found: FoundManifest): FoundManifest {
  const { manifest } = found;
  if (!manifest || manifest.bytes.length === 0 || sizeOf(found) === undefined) return found;
  const { buffer, byteOffset, length } = manifest.bytes;
  return { ...found, manifest: { ...manifest, text: Buffer.from(buffer, byteOffset, length).toString('latin1') } };
}

export function createManifestMemory(store: Pick<Store, 'revision'>): ManifestMemory {
  const memory = createRevisionMemory<FoundManifest>(store, { mostEntries: 2_000, mostBytes: 16 * MiB, sizeOf });
  return {
    async find(ref, reference, part, read) {
      const item = 'tag' in reference ? `:${reference.tag}` : `@${reference.digest}`;
      const whole = `${ref.account}/${ref.name}${item}`;
      const head = `${whole} head`;
      // Who wants the head is served from the whole.
      const known = memory.get(whole) ?? (part === 'head' ? memory.get(head) : undefined);
      return known ?? memory.read(part === 'head' ? head : whole, async () => withText(await read()));
    },
  };
}
