// How fast sealed blobs are beside plain ones: an upload and a read of 256 MiB through the blob store, in one process.
// `bin/with-node node bench/sealed-blobs.ts`
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, newHexId, silentLogger } from '@longshore/base';
import {
  copySealed,
  createSealedUploads,
  noProgress,
  openDirectoryBlobStore,
  type SealedUpload,
  type SealProgress,
} from '@longshore/blobs';

const pieceBytes = 64 * 1024;
const pieces = 4096;
const rounds = 3;

const sample = randomBytes(pieceBytes);

async function* source(seed: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let i = 0; i < pieces; i++) {
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    sample.copy(piece);
    piece.writeDoubleBE(seed + i);
    yield piece;
  }
}

async function digestOfSource(seed: number): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const piece of source(seed)) hash.update(piece);
  return `sha256:${hash.digest('hex')}` as Digest;
}

async function timed(work: () => Promise<void>): Promise<string> {
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const gib = (pieces * pieceBytes) / 1024 ** 3;
  return `${((gib * 1024) / seconds).toFixed(0)} MiB/s, ${((user + system) / 1e6 / gib).toFixed(2)} CPU-s/GiB`;
}

const nowhere = { write: async () => undefined };
const dir = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
try {
  const store = await openDirectoryBlobStore({ dir, log: silentLogger });
  const sealed = createSealedUploads(store);
  for (let round = 0; round < rounds; round++) {
    const digest = await digestOfSource(round);
    const plain = newHexId();
    await store.create(plain);
    const plainUpload = await timed(async () => {
      await store.append(plain, source(round));
      await store.finish(plain, digest);
    });
    const plainRead = await timed(() => store.copyTo(digest, nowhere));
    await store.release(plain);
    await store.remove(digest);

    let progress: SealProgress = noProgress;
    const upload: SealedUpload = {
      id: newHexId(),
      dataKey: randomBytes(32),
      load: async () => progress,
      save: async (next) => {
        progress = next;
      },
    };
    await store.create(upload.id);
    let stored = digest;
    let size = 0;
    const sealedUpload = await timed(async () => {
      await sealed.append(upload, source(round));
      ({ stored, size } = await sealed.finish(upload, digest));
    });
    const blob = { stored, size, dataKey: upload.dataKey };
    const sealedRead = await timed(() => copySealed(store, blob, nowhere));
    await store.release(upload.id);
    await store.remove(stored);
    process.stdout.write(`upload: plain ${plainUpload}; sealed ${sealedUpload}\n`);
    process.stdout.write(`read:   plain ${plainRead}; sealed ${sealedRead}\n`);
  }
} finally {
  await rm(dir, { recursive: true });
}
