// At start: what a crash left half done is undone. The store says what was acknowledged; the blob store follows it.
import { sql } from '@longshore/store';
import { requireOwnBlobs } from './own-blobs.ts';
import type { Core } from './core.ts';

/** Throws `UserError` if the blob store is not the one that the records are about. */
export async function recover(core: Core): Promise<void> {
  const { store, blobs } = core;
  const now = core.clock.now();
  await requireOwnBlobs(store, blobs);
  await store.write([{ sql: sql`DELETE FROM registry_uploads WHERE expires_at <= ${now}` }]);
  const report = await blobs.recover({
    isKnown: async (upload) =>
      (await store.get(sql`SELECT 1 AS one FROM registry_uploads WHERE id = ${upload}`)) !== undefined,
    isStored: async (digest) =>
      (await store.get(
        sql`SELECT 1 AS one FROM registry_blobs WHERE digest = ${digest} AND status IN ('none', 'condemned')`,
      )) !== undefined,
    async condemn(digest, size) {
      const [made] = await store.write([
        {
          sql: sql`INSERT INTO registry_blobs (digest, size, status, version, lease_until, created_at, check_at)
            VALUES (${digest}, ${size}, 'condemned', 1, 0, ${now}, ${now}) ON CONFLICT (digest) DO NOTHING`,
        },
      ]);
      return made?.changes === 1;
    },
  });
  core.log.info({ ...report }, 'the blob store was brought in line with the records');
}
