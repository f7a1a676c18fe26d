// The database knows which blob store its records are about: the first one that it was started with. Another one (a second
// server with a folder of its own, a wrong `--data`, a prefix mistyped) is refused before anything is served: its pulls
// would miss layers that the records promise, and collection would forget bytes that lie elsewhere.
import { UserError } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import { type Migration, sql, type Store } from '@longshore/store';

export const ownBlobsMigration: Migration = {
  id: 'registry/007-own-blobs',
  // One row.
  statements: ['CREATE TABLE registry_blob_store (one BIGINT PRIMARY KEY, id KEY NOT NULL)'],
};

/** Throws `UserError` if `blobs` is not the store that `store` was first used with. */
export async function requireOwnBlobs(store: Store, blobs: BlobStore): Promise<void> {
  const id = await blobs.storeId();
  await store.write([
    { sql: sql`INSERT INTO registry_blob_store (one, id) VALUES (${1}, ${id}) ON CONFLICT (one) DO NOTHING` },
  ]);
  const known = await store.get<{ id: string }>(sql`SELECT id FROM registry_blob_store WHERE one = ${1}`);
  if (known === undefined || known.id === id) return;
  throw new UserError(
    `The layers beside ${blobs.storeIdAt} are not those of this database: it knows the store ${known.id}, this one is ${id}`,
    `Servers that share a database share the layers too: give both one S3 bucket (--blobs), or this one its own database. ` +
      `If the layers were moved here, write ${known.id} into ${blobs.storeIdAt} and start again.`,
  );
}
