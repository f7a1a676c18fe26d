// What an account holds, in three figures for `longshore status`.
import type { AccountId } from '@longshore/base';
import { sql, type View } from '@longshore/store';

/** Bytes are those of layers and manifests; what several repositories share counts once. */
export async function summarize(
  view: View,
  account: AccountId,
): Promise<{ readonly repositories: number; readonly images: number; readonly bytes: number }> {
  const owned = sql`(SELECT r.id FROM registry_repositories r WHERE r.account = ${account})`;
  const row = await view.get<{ repositories: number; images: number; layers: number; manifests: number }>(
    sql`SELECT
      (SELECT COUNT(*) FROM registry_repositories r WHERE r.account = ${account}) AS repositories,
      (SELECT COUNT(*) FROM (SELECT DISTINCT repository, digest FROM registry_tags
        WHERE repository IN ${owned}) AS tagged) AS images,
      (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (SELECT DISTINCT digest, size
        FROM registry_repository_blobs WHERE repository IN ${owned}) AS layers) AS layers,
      (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (SELECT DISTINCT digest, size
        FROM registry_manifests WHERE repository IN ${owned}) AS manifests) AS manifests`,
  );
  if (!row) return { repositories: 0, images: 0, bytes: 0 };
  return { repositories: row.repositories, images: row.images, bytes: row.layers + row.manifests };
}
