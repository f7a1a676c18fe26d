// Layers of encrypted repositories: their uploads are sealed as they arrive, under a data key of their own that the
// repository's KMS key wraps (design/encryption.md). For all other repositories the blob store is used as it is.
import type { Digest } from '@longshore/base';
import {
  type AppendOptions,
  type BlobStore,
  type ByteRange,
  type ByteSink,
  copySealed,
  createSealedUploads,
  noProgress,
  type SealedResult,
  type SealedUpload,
  type SealProgress,
} from '@longshore/blobs';
import { type Step, type Store, sql } from '@longshore/store';
import { RegistryError } from '../errors.ts';
import type { Repository } from '../repository.ts';
import type { LayerKeys } from './layer-keys.ts';

/** A wrapped data key, and what opens it. */
export interface Seal {
  readonly key: string;
  readonly context: Readonly<Record<string, string>>;
  readonly wrapped: Uint8Array;
}

/** A fresh one, with the data key in clear for the request that made it. */
export interface NewSeal extends Seal {
  readonly dataKey: Uint8Array;
}

/** A layer whose bytes are stored and verified. */
export interface FinishedLayer {
  readonly size: number;
  /** The blob that holds the bytes, and its size. */
  readonly stored: Digest;
  readonly storedSize: number;
  /** Set if it is sealed. */
  readonly seal?: Seal;
}

/** The bytes of one upload, sealed or not. */
export interface UploadBytes {
  /** Undefined if there is no such upload (any more). */
  offset(): Promise<number | undefined>;
  append(source: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<number>;
  finish(digest: Digest): Promise<FinishedLayer>;
}

export interface LayerBytes {
  /** All of them, where they are in memory. */
  readonly whole?: Uint8Array;
  copyTo(sink: ByteSink, range?: ByteRange): Promise<void>;
}

interface SealedLayer {
  readonly stored: Digest;
  readonly size: number;
}

export interface Sealing {
  /** A seal for a new upload into `repository`; undefined if it is not encrypted. Throws keyRefused, keyUnreachable. */
  newSeal(repository: Repository, arn: string): Promise<NewSeal | undefined>;
  /** Records the seal of an upload that is recorded in the same write. */
  recordSteps(upload: string, seal: NewSeal | undefined): Step[];
  /** Remembers the seal of an upload that lives for one request. */
  remember(upload: string, seal: NewSeal | undefined): void;
  forget(upload: string): void;
  /** The bytes of an upload into `repository`. Throws keyRefused or keyUnreachable when its key cannot be used. */
  upload(repository: Repository, id: string): Promise<UploadBytes>;
  /** The bytes of a layer of `repository`. Throws keyRefused or keyUnreachable before any byte is read. */
  layer(repository: Repository, digest: Digest, layer: SealedLayer): Promise<LayerBytes>;
}

interface UploadRow {
  readonly kms_key: string;
  readonly context: string;
  readonly wrapped: Uint8Array;
}

interface ProgressRow {
  readonly state: string;
  readonly tail: Uint8Array;
}

interface State {
  readonly chunks: number;
  readonly finished?: SealedResult;
}

export function createSealing(parts: {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly keys: LayerKeys;
}): Sealing {
  const { store, blobs, keys } = parts;
  const sealed = createSealedUploads(blobs);
  const passing = new Map<string, { readonly seal: NewSeal; progress: SealProgress }>();

  function plainUpload(id: string): UploadBytes {
    return {
      offset: () => blobs.offset(id),
      append: (source, options) => blobs.append(id, source, options),
      async finish(digest) {
        const { size } = await blobs.finish(id, digest);
        return { size, stored: digest, storedSize: size };
      },
    };
  }

  function sealedUpload(upload: SealedUpload, { key, context, wrapped }: Seal): UploadBytes {
    return {
      offset: () => sealed.offset(upload),
      append: (source, options) => sealed.append(upload, source, options),
      async finish(digest) {
        const { size, stored, storedSize } = await sealed.finish(upload, digest);
        return { size, stored, storedSize, seal: { key, context, wrapped } };
      },
    };
  }

  async function loadProgress(id: string): Promise<SealProgress> {
    const row = await store.get<ProgressRow>(sql`SELECT state, tail FROM registry_sealed_uploads WHERE upload = ${id}`);
    if (!row) throw new RegistryError('uploadUnknown');
    return { ...(JSON.parse(row.state) as State), tail: row.tail };
  }

  async function saveProgress(id: string, { chunks, finished, tail }: SealProgress): Promise<void> {
    const state: State = { chunks, ...(finished && { finished }) };
    await store.write([
      {
        sql: sql`UPDATE registry_sealed_uploads SET state = ${JSON.stringify(state)}, tail = ${tail} WHERE upload = ${id}`,
        expect: 1,
        otherwise: () => new RegistryError('uploadUnknown'),
      },
    ]);
  }

  async function recordedUpload(repository: Repository, id: string): Promise<UploadBytes> {
    const row = await store.get<UploadRow>(
      sql`SELECT kms_key, context, wrapped FROM registry_sealed_uploads WHERE upload = ${id}`,
    );
    // Fail closed: bytes that began to arrive in clear never become a layer of an encrypted repository.
    if (!row) throw new RegistryError('uploadUnknown');
    const seal: Seal = {
      key: row.kms_key,
      context: JSON.parse(row.context) as Record<string, string>,
      wrapped: row.wrapped,
    };
    const { plain } = await keys.unwrap({ account: repository.account, ...seal }, seal.wrapped);
    const upload: SealedUpload = {
      id,
      dataKey: plain,
      load: () => loadProgress(id),
      save: (progress) => saveProgress(id, progress),
    };
    return sealedUpload(upload, seal);
  }

  return {
    async newSeal(repository, arn) {
      const key = repository.settings.kmsKey;
      if (key === undefined) return undefined;
      const context = { 'aws:ecr:arn': arn };
      const { plain, wrapped } = await keys.generate({ account: repository.account, key, context });
      return { key, context, wrapped, dataKey: plain };
    },

    recordSteps(upload, seal) {
      if (!seal) return [];
      const state: State = { chunks: 0 };
      return [
        {
          sql: sql`INSERT INTO registry_sealed_uploads (upload, kms_key, context, wrapped, state, tail)
            VALUES (${upload}, ${seal.key}, ${JSON.stringify(seal.context)}, ${seal.wrapped}, ${JSON.stringify(state)},
              ${new Uint8Array(0)})`,
          otherwise: () => new RegistryError('repositoryUnknown'),
        },
      ];
    },

    remember(upload, seal) {
      if (seal) passing.set(upload, { seal, progress: noProgress });
    },

    forget(upload) {
      passing.delete(upload);
      sealed.forget(upload);
    },

    async upload(repository, id) {
      if (repository.settings.kmsKey === undefined) return plainUpload(id);
      const held = passing.get(id);
      if (!held) return recordedUpload(repository, id);
      const upload: SealedUpload = {
        id,
        dataKey: held.seal.dataKey,
        load: async () => held.progress,
        save: async (progress) => {
          held.progress = progress;
        },
      };
      return sealedUpload(upload, held.seal);
    },

    async layer(repository, digest, { stored, size }) {
      if (stored === digest) {
        // Fail closed: no row, however it came about, makes an encrypted repository serve bytes that lie in clear.
        if (repository.settings.kmsKey !== undefined) throw new RegistryError('keyRefused');
        return { copyTo: (sink, range) => blobs.copyTo(digest, sink, range) };
      }
      const row = await store.get<UploadRow>(
        sql`SELECT kms_key, context, wrapped FROM registry_sealed_blobs WHERE stored = ${stored}`,
      );
      if (!row) throw new RegistryError('blobUnknown');
      const context = JSON.parse(row.context) as Record<string, string>;
      const use = { account: repository.account, key: row.kms_key, context };
      const { plain } = await keys.unwrap(use, row.wrapped);
      return { copyTo: (sink, range) => copySealed(blobs, { stored, size, dataKey: plain }, sink, range) };
    },
  };
}
