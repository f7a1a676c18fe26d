// Collection's queues: links and blobs that are due to be looked at, a page at a time, by index.
import type { AccountId, Digest } from '@longshore/base';
import { sql, type View } from '@longshore/store';
import type { RepositoryName } from '../names.ts';
import type { DueBlob, DueLink } from './rules.ts';

interface LinkRow {
  readonly repository: string;
  readonly account: AccountId;
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly stored: Digest;
  readonly size: number;
  readonly lease_until: number;
  readonly check_at: number;
  readonly referenced: number;
}

export interface LinkCursor {
  readonly checkAt: number;
  readonly repository: string;
  readonly digest: string;
}

export const firstLink: LinkCursor = Object.freeze({ checkAt: -1, repository: '', digest: '' });

/** Up to `count` links due at `now` after `after`, the longest due first. */
export async function dueLinks(view: View, now: number, count: number, after = firstLink): Promise<DueLink[]> {
  const rows = await view.all<LinkRow>(
    sql`SELECT l.repository, r.account, r.name, l.digest, l.stored, l.size, l.lease_until, l.check_at,
        CASE WHEN EXISTS (SELECT 1 FROM registry_manifest_refs f
          WHERE f.repository = l.repository AND f.digest = l.digest) THEN 1 ELSE 0 END AS referenced
      FROM registry_repository_blobs l JOIN registry_repositories r ON r.id = l.repository
      WHERE l.check_at <= ${now} AND (l.check_at, l.repository, l.digest)
        > (${after.checkAt}, ${after.repository}, ${after.digest})
      ORDER BY l.check_at, l.repository, l.digest LIMIT ${count}`,
  );
  return rows.map((row) => ({
    repository: row.repository,
    ref: { account: row.account, name: row.name },
    digest: row.digest,
    stored: row.stored,
    size: row.size,
    leaseUntil: row.lease_until,
    checkAt: row.check_at,
    referenced: row.referenced === 1,
  }));
}

interface BlobRow {
  readonly digest: Digest;
  readonly size: number;
  readonly status: DueBlob['status'];
  readonly version: number;
  readonly lease_until: number;
  readonly check_at: number;
  readonly linked: number;
}

export interface BlobCursor {
  readonly checkAt: number;
  readonly digest: string;
}

export const firstBlob: BlobCursor = Object.freeze({ checkAt: -1, digest: '' });

/** Up to `count` blobs due at `now` after `after`, the longest due first. */
export async function dueBlobs(view: View, now: number, count: number, after = firstBlob): Promise<DueBlob[]> {
  const rows = await view.all<BlobRow>(
    sql`SELECT b.digest, b.size, b.status, b.version, b.lease_until, b.check_at,
        CASE WHEN EXISTS (SELECT 1 FROM registry_repository_blobs l WHERE l.stored = b.digest) THEN 1 ELSE 0 END AS linked
      FROM registry_blobs b
      WHERE b.check_at <= ${now} AND (b.check_at, b.digest) > (${after.checkAt}, ${after.digest})
      ORDER BY b.check_at, b.digest LIMIT ${count}`,
  );
  return rows.map((row) => ({
    digest: row.digest,
    size: row.size,
    status: row.status,
    version: row.version,
    leaseUntil: row.lease_until,
    checkAt: row.check_at,
    linked: row.linked === 1,
  }));
}
