// What quotas count: also with many who make repositories and images at once, and for what was there before they counted.
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql, storeMigrations } from '@longshore/store';
import { registryMigrations } from './schema.ts';
import { imageManifest, openTestRegistry, pushBlob, putManifest, type TestRegistry } from './testing/fixture.ts';

describe.each(testStores())('on $name', (backEnd) => {
  let at: TestRegistry;
  beforeAll(async () => {
    at = await openTestRegistry({ backEnd, quotas: { repositoriesPerRegistry: 41, imagesPerRepository: 30 } });
  });
  afterAll(() => at.close());

  const tally = (statuses: readonly number[]) =>
    Object.fromEntries([...new Set(statuses)].map((each) => [each, statuses.filter((one) => one === each).length]));

  test('40 repositories and images at once, and not one too many', async () => {
    const made = await Promise.all(
      Array.from({ length: 45 }, (_, i) => at.ask(`/v2/race/r${i}/blobs/uploads/`, { method: 'POST' })),
    );
    expect(tally(made.map((each) => each.status))).toEqual({ 202: 41, 403: 4 });
    const name = (await at.store.get<{ name: string }>(sql`SELECT name FROM registry_repositories`))?.name ?? '';
    await pushBlob(at, name, 'layer');
    const bodies = Array.from({ length: 40 }, (_, i) =>
      imageManifest('layer', ['layer'], { annotations: { i: `${i}` } }),
    );
    const put = await Promise.all(bodies.map(({ bytes }, i) => putManifest(at, name, `t${i}`, bytes)));
    expect(tally(put.map((each) => each.status))).toEqual({ 201: 30, 403: 10 });
    const counts = await at.store.get(
      sql`SELECT c.images, (SELECT COUNT(*) FROM registry_manifests m WHERE m.repository = r.id) AS held
        FROM registry_repositories r JOIN registry_image_counts c ON c.repository = r.id WHERE r.name = ${name}`,
    );
    expect(counts).toEqual({ images: 30, held: 30 });
  });

  test('what is there when counting begins is counted', async () => {
    const before = registryMigrations.findIndex((each) => each.id.endsWith('-accounts'));
    const opened = await backEnd.open(registryMigrations.slice(0, before));
    const insert = (id: string, account: string) => ({
      sql: sql`INSERT INTO registry_repositories (id, account, name, tag_mutability, settings, tags, created_at, version)
        VALUES (${id}, ${account}, ${id}, 'MUTABLE', '{}', '[]', ${1}, ${1})`,
    });
    const manifest = (repository: string, digest: string) => ({
      sql: sql`INSERT INTO registry_manifests (repository, digest, media_type, size, image_size, pushed_at, bytes)
        VALUES (${repository}, ${digest}, 'x', ${1}, ${1}, ${1}, ${new Uint8Array(1)})`,
    });
    await opened.store.write([insert('r1', 'a'), insert('r2', 'a'), insert('r3', 'b')]);
    await opened.store.write([manifest('r1', 'd1'), manifest('r1', 'd2'), manifest('r3', 'd1')]);
    await opened.store.migrate([...storeMigrations, ...registryMigrations]);
    const accounts = await opened.store.all<{ account: string; repositories: number }>(
      sql`SELECT account, repositories FROM registry_accounts ORDER BY account`,
    );
    const images = await opened.store.all<{ id: string; images: number }>(
      sql`SELECT repository AS id, images FROM registry_image_counts ORDER BY repository`,
    );
    await opened.close();
    expect(accounts).toEqual([
      { account: 'a', repositories: 2 },
      { account: 'b', repositories: 1 },
    ]);
    expect(images).toEqual([
      { id: 'r1', images: 2 },
      { id: 'r2', images: 0 },
      { id: 'r3', images: 1 },
    ]);
  });
});
