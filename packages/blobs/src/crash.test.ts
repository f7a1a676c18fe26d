// What survives `kill -9` at any moment, and a disk that fills up.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { digestHex, digestOf, silentLogger } from '@longshore/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { from } from './testing/blob-store-contract.ts';
import { contentOf, uploadOf } from './crash-child.ts';
import { openDirectoryBlobStore } from './directory.ts';

const child = fileURLToPath(new URL('crash-child.ts', import.meta.url));

describe('a crash', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'longshore-crash-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  /** Runs the child until it said `lines` lines, kills it, and returns all that it said. */
  async function killAfter(mode: string, lines: number): Promise<string[]> {
    const victim = spawn(process.execPath, [child, mode, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    for await (const line of createInterface({ input: victim.stdout })) {
      said.push(line);
      if (said.length === lines) victim.kill('SIGKILL');
    }
    return said;
  }

  function numbersAfter(said: readonly string[], word: string): number[] {
    return said.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.slice(word.length + 1)));
  }

  test('killed in the middle of appends, every acknowledged byte is there and the upload goes on', async () => {
    const acknowledged = numbersAfter(await killAfter('append', 40), 'offset').at(-1) ?? 0;
    const store = await openDirectoryBlobStore({ dir, log: silentLogger });
    await store.recover({ isKnown: async () => true, isStored: async () => false });
    const offset = (await store.offset(uploadOf(0))) ?? 0;
    expect(offset).toBeGreaterThanOrEqual(acknowledged);
    const whole = Buffer.concat(Array.from({ length: Math.ceil(offset / 5000) + 1 }, (_, index) => contentOf(index)));
    await store.append(uploadOf(0), from([whole.subarray(offset)]));
    expect(await store.finish(uploadOf(0), digestOf(whole))).toEqual({ size: whole.length });
  });

  test.each([1, 2, 3, 4, 8, 13, 21, 34])(
    'killed after %d steps, exactly the recorded blobs are there',
    async (lines) => {
      const recorded = numbersAfter(await killAfter('finish', lines), 'recorded').map((index) => contentOf(index));
      const digests = recorded.map((content) => digestOf(content));
      const store = await openDirectoryBlobStore({ dir, log: silentLogger });
      await store.recover({ isKnown: async () => false, isStored: async (digest) => digests.includes(digest) });
      for (const [index, digest] of digests.entries()) {
        expect(await buffer(await store.open(digest))).toEqual(recorded[index]);
      }
      const names = await readdir(join(dir, 'blobs'), { recursive: true });
      const blobs = names.map((name) => name.split('/').at(-1) ?? '').filter((name) => name.length === 64);
      expect(blobs.sort()).toEqual(digests.map((digest) => digestHex(digest)).sort());
      expect(await readdir(join(dir, 'uploads'))).toEqual([]);
    },
  );

  test('a full disk is said to be full, costs nothing, and the upload goes on when there is room', async () => {
    // A disk of 2 MB that only this process tree sees.
    const script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" fill "$1"';
    const args = ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', dir, process.execPath, child];
    const victim = spawn('/usr/bin/unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    for await (const line of createInterface({ input: victim.stdout })) said.push(line);
    expect(said).toEqual(['refused true', 'offset 5000', 'stored 10000']);
  });
});
