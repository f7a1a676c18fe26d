// Manifests that were read since the last write to the store. While nothing is written, reading again would give the same:
// a manifest that many machines pull at once is read once. Where the store cannot tell (`Store.revision`), nothing is kept.
import type { Store } from '@longshore/store';
import type { Reference, RepositoryRef } from './names.ts';
import type { FoundManifest } from './reading.ts';

export type ManifestPart = 'head' | 'whole';

export interface ManifestMemory {
  find(
    ref: RepositoryRef,
    reference: Reference,
    part: ManifestPart,
    read: () => Promise<FoundManifest>,
  ): Promise<FoundManifest>;
}

const mostEntries = 2_000;
/** Larger ones are read each time. */
const longestKept = 64 * 1024;
const mostBytes = 16 * 1024 * 1024;

/** With the bytes as text too (`StoredManifest.text`). */
function withText(found: FoundManifest): FoundManifest {
  const { manifest } = found;
  if (!manifest || manifest.bytes.length === 0) return found;
  const { buffer, byteOffset, length } = manifest.bytes;
  return { ...found, manifest: { ...manifest, text: Buffer.from(buffer, byteOffset, length).toString('latin1') } };
}

export function createManifestMemory(store: Pick<Store, 'revision'>): ManifestMemory {
  const kept = new Map<string, FoundManifest>();
  let keptAt: number | undefined;
  let bytes = 0;

  function keep(key: string, found: FoundManifest): FoundManifest {
    const size = found.manifest?.bytes.length ?? 0;
    if (found.repository === undefined || size > longestKept) return found;
    if (kept.size >= mostEntries || bytes + size > mostBytes) forget();
    const entry = withText(found);
    kept.set(key, entry);
    bytes += size;
    return entry;
  }

  function forget(): void {
    kept.clear();
    bytes = 0;
  }

  return {
    async find(ref, reference, part, read) {
      const before = store.revision();
      if (before === undefined) return read();
      if (before !== keptAt) forget();
      keptAt = before;
      const item = 'tag' in reference ? `:${reference.tag}` : `@${reference.digest}`;
      const key = `${ref.account}/${ref.name}${item}`;
      const known = kept.get(key) ?? (part === 'head' ? kept.get(`${key} head`) : undefined);
      if (known) return known;
      const found = await read();
      return store.revision() === before && keptAt === before
        ? keep(part === 'head' ? `${key} head` : key, found)
        : found;
    },
  };
}
