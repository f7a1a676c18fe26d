// What an account's repositories hold. Bytes that several of them share are counted once in the total, and told apart in
// each. What other accounts hold shows nowhere: whether a layer is somebody else's too is nobody's business.
import type { AccountId } from '@longshore/base';
import { sql, type View } from '@longshore/store';

export interface RepositoryStorage {
  readonly repository: string;
  /** Manifests, tagged or not. */
  readonly manifests: number;
  readonly layers: number;
  /** Of layers and manifests, whoever else has them. */
  readonly bytes: number;
  /** Of layers that further repositories of the account have. */
  readonly sharedBytes: number;
}

export interface StorageReport {
  readonly repositories: readonly RepositoryStorage[];
  /** The last name, if there are more repositories after it. */
  readonly next?: string;
}

interface StorageRow {
  readonly name: string;
  readonly manifests: number;
  readonly manifest_bytes: number;
  readonly layers: number;
  readonly layer_bytes: number;
  readonly shared_bytes: number;
}

/** A page of up to `count` repositories by name, after `after`. */
export async function reportStorage(
  view: View,
  account: AccountId,
  after: string,
  count: number,
): Promise<StorageReport> {
  const rows = await view.all<StorageRow>(
    sql`SELECT r.name,
        (SELECT COUNT(*) FROM registry_manifests m WHERE m.repository = r.id) AS manifests,
        (SELECT CAST(COALESCE(SUM(m.size), 0) AS BIGINT) FROM registry_manifests m WHERE m.repository = r.id)
          AS manifest_bytes,
        (SELECT COUNT(*) FROM registry_repository_blobs l WHERE l.repository = r.id) AS layers,
        (SELECT CAST(COALESCE(SUM(l.size), 0) AS BIGINT) FROM registry_repository_blobs l WHERE l.repository = r.id)
          AS layer_bytes,
        (SELECT CAST(COALESCE(SUM(l.size), 0) AS BIGINT) FROM registry_repository_blobs l
          WHERE l.repository = r.id AND EXISTS (SELECT 1 FROM registry_repository_blobs o
            JOIN registry_repositories s ON s.id = o.repository
            WHERE o.stored = l.stored AND o.repository <> l.repository AND s.account = r.account)) AS shared_bytes
      FROM registry_repositories r WHERE r.account = ${account} AND r.name > ${after}
      ORDER BY r.name LIMIT ${count + 1}`,
  );
  const repositories = rows.slice(0, count).map(
    (row): RepositoryStorage => ({
      repository: row.name,
      manifests: row.manifests,
      layers: row.layers,
      bytes: row.layer_bytes + row.manifest_bytes,
      sharedBytes: row.shared_bytes,
    }),
  );
  const last = repositories.at(-1);
  return { repositories, ...(rows.length > count && last ? { next: last.repository } : {}) };
}
