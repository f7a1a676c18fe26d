// For tests: an image writer that keeps what it is given, and folders made from a description.
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type Digest, digestOf } from '@longshore/base';
import type { ImageWriter } from '@longshore/registry';
import { extract } from 'tar-stream';

export interface KeptImage extends ImageWriter {
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  readonly manifests: ReadonlyMap<string, { readonly mediaType: string; readonly bytes: Buffer }>;
}

export function keepingWriter(): KeptImage {
  const blobs = new Map<Digest, Buffer>();
  const manifests = new Map<string, { mediaType: string; bytes: Buffer }>();
  return {
    blobs,
    manifests,
    async putBlob(source) {
      const bytes = await buffer(source);
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return { digest, size: bytes.length };
    },
    async putManifest(tag, mediaType, bytes) {
      manifests.set(tag, { mediaType, bytes: Buffer.from(bytes) });
      return digestOf(bytes);
    },
  };
}

export interface FolderUnderTest extends AsyncDisposable {
  readonly dir: string;
}

/** A file's text, or `-> target` for a link. Files named `*.sh` are executable. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<FolderUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-build-'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    if (content.startsWith('-> ')) {
      await symlink(content.slice(3), path);
    } else {
      await writeFile(path, content);
      await chmod(path, name.endsWith('.sh') ? 0o755 : 0o644);
    }
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

export interface ArchiveEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly content: string;
}

/** What an independent reader finds in a layer. */
export async function entriesOf(layer: Uint8Array): Promise<ArchiveEntry[]> {
  const archive = extract();
  archive.end(layer[0] === 0x1f ? gunzipSync(layer) : layer);
  const entries: ArchiveEntry[] = [];
  for await (const entry of archive) {
    const { name, type, mode, linkname, pax } = entry.header;
    // The reader leaves it to its user to look for ids in the pax records.
    const { uid, gid } = { ...entry.header, ...(pax as object | null) };
    const content = type === 'symlink' ? linkname : (await buffer(entry as AsyncIterable<Uint8Array>)).toString();
    entries.push({
      name: name.replace(/\/$/, ''),
      type: String(type),
      mode: mode ?? 0,
      owner: `${uid}:${gid}`,
      content: content ?? '',
    });
  }
  return entries;
}
