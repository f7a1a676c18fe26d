// What calls collection: whoever takes away a reason to keep something marks, in the same transaction, what is to be
// looked at. So a round needs to read only what is due.
import { type Sql, type Step, sql } from '@longshore/store';
import { type RepositoryRef, repositoryThing } from '../names.ts';

/** Part of every unlinking: collection is to look at the blobs that `which` selects, once their leases have run out. */
export function suspectBlobsStep(which: Sql): Step {
  return { sql: sql`UPDATE registry_blobs SET check_at = lease_until WHERE digest IN (${which})` };
}

/** Part of every deletion of a manifest, before its references go: the links of what it named may be needed no more. */
export function suspectLinksStep(repository: RepositoryRef & { readonly id: string }, manifest: string): Step {
  const { id } = repository;
  return {
    sql: sql`UPDATE registry_repository_blobs SET check_at = lease_until WHERE repository = ${id} AND digest IN
      (SELECT f.digest FROM registry_manifest_refs f WHERE f.repository = ${id} AND f.manifest = ${manifest})`,
    within: repositoryThing(repository),
  };
}
