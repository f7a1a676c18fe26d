// A database is served from its own layers only.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, UserError } from '@longshore/base';
import { openDirectoryBlobStore } from '@longshore/blobs';
import { testStores } from '@longshore/store/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireOwnBlobs } from './own-blobs.ts';
import { openTestRegistry } from './testing/fixture.ts';

describe.each(testStores())('on $name', (backEnd) => {
  test('a second layer store is refused until it bears the name that the database knows', async () => {
    const at = await openTestRegistry({ backEnd });
    onTestFinished(() => at.close());
    const dir = await mkdtemp(join(tmpdir(), 'longshore-other-layers-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const start = async () => {
      const other = await openDirectoryBlobStore({ dir, log: silentLogger });
      try {
        await requireOwnBlobs(at.store, other);
      } finally {
        await other.close();
      }
    };
    await expect(requireOwnBlobs(at.store, at.blobs)).resolves.toBeUndefined();
    const refused: unknown = await start().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    const known = (await readFile(join(at.folder, 'store-id'), 'utf8')).trim();
    expect((refused as UserError).message).toContain(
      `${dir}/store-id are not those of this database: it knows the store ${known}`,
    );
    // The next step of the error, taken.
    await writeFile(join(dir, 'store-id'), known);
    await expect(start()).resolves.toBeUndefined();
    await writeFile(join(dir, 'store-id'), 'nonsense');
    await expect(start()).rejects.toThrow(/store-id is damaged/);
  });
});
