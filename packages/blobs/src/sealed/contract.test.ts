// A sealed store must behave as any other: the same contract, through sealing into a real directory store.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { type Digest, parseDigest, silentLogger } from '@longshore/base';
import { blobStoreContract, type StoreUnderTest } from '../testing/blob-store-contract.ts';
import { openDirectoryBlobStore } from '../directory.ts';
import { BlobNotFoundError, UploadNotFoundError } from '../errors.ts';
import type { BlobStore, ByteRange } from '../types.ts';
import { copySealed, type SealedBlob } from './reading.ts';
import { noProgress, type SealedUpload, type SealProgress } from './types.ts';
import { createSealedUploads } from './uploads.ts';

/** What the registry keeps in its own store: it survives a restart. */
interface Records {
  readonly uploads: Map<string, { readonly dataKey: Buffer; progress: SealProgress }>;
  readonly blobs: Map<Digest, SealedBlob>;
}

function sealedStore(inner: BlobStore, records: Records): BlobStore {
  const sealed = createSealedUploads(inner);

  function upload(id: string): SealedUpload {
    const kept = records.uploads.get(id);
    if (!kept) throw new UploadNotFoundError(id);
    return {
      id,
      dataKey: kept.dataKey,
      load: async () => kept.progress,
      save: async (progress) => void (kept.progress = progress),
    };
  }

  function blob(digest: Digest): SealedBlob {
    if (parseDigest(digest) === undefined) throw new TypeError('Malformed digest');
    const found = records.blobs.get(digest);
    if (!found) throw new BlobNotFoundError(digest);
    return found;
  }

  async function open(digest: Digest, range?: ByteRange): Promise<Readable> {
    const found = blob(digest);
    const stream = new PassThrough();
    const write = (chunk: Uint8Array) =>
      new Promise<void>((resolve) => void stream.write(Buffer.from(chunk), () => resolve()));
    copySealed(inner, found, { write }, range).then(
      () => stream.end(),
      (error: unknown) => stream.destroy(error as Error),
    );
    return stream;
  }

  return {
    ...inner,
    async size(digest) {
      if (parseDigest(digest) === undefined) throw new TypeError('Malformed digest');
      const found = records.blobs.get(digest);
      return found && (await inner.size(found.stored)) !== undefined ? found.size : undefined;
    },
    copyTo: async (digest, sink, range) => copySealed(inner, blob(digest), sink, range),
    open,
    async create(id) {
      await inner.create(id);
      records.uploads.set(id, { dataKey: randomBytes(32), progress: noProgress });
    },
    offset: async (id) => (records.uploads.has(id) ? sealed.offset(upload(id)) : undefined),
    append: async (id, source, options) => sealed.append(upload(id), source, options),
    async finish(id, digest) {
      const from = upload(id);
      const { stored, size } = await sealed.finish(from, digest);
      if (!records.blobs.has(digest)) records.blobs.set(digest, { stored, size, dataKey: from.dataKey });
      return { size };
    },
    async release(id) {
      await inner.release(id);
      records.uploads.delete(id);
    },
    async remove(digest) {
      const found = records.blobs.get(digest);
      if (found) await inner.remove(found.stored);
      records.blobs.delete(digest);
    },
    recover: (oracle) =>
      inner.recover({
        isKnown: (id) => oracle.isKnown(id),
        async isStored(stored) {
          const held = [...records.blobs].find(([, each]) => each.stored === stored);
          return held !== undefined && (await oracle.isStored(held[0]));
        },
      }),
  };
}

async function openSealed(): Promise<StoreUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-sealed-'));
  const records: Records = { uploads: new Map(), blobs: new Map() };
  const reopen = async () => sealedStore(await openDirectoryBlobStore({ dir, log: silentLogger }), records);
  return { store: await reopen(), reopen, dispose: () => rm(dir, { recursive: true }) };
}

blobStoreContract('Sealing into a directory', openSealed);
