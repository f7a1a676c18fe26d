// Reading images: one manifest by tag or digest in one indexed query; pages of tags and images.
import type { Digest } from '@longshore/base';
import { type Sql, sql, sqlList, type View } from '@longshore/store';
import type { Core } from './core.ts';
import type { ManifestPart } from './image-memory.ts';
import type { Reference, RepositoryRef } from './names.ts';
import { type Repository, type RepositoryRow, repositoryColumns, toRepository } from './repository.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** Empty when only the head was asked for. */
  readonly bytes: Uint8Array;
  /** The bytes as Latin-1 text, of manifests kept in memory: Node sends it with the head in one write. */
  readonly text?: string;
}

interface ManifestRow extends RepositoryRow {
  readonly digest: Digest | null;
  readonly media_type: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
}

export interface FoundManifest {
  readonly repository: Repository | undefined;
  readonly manifest: StoredManifest | undefined;
}

const noBytes = new Uint8Array(0);

function joinManifest(reference: Reference): Sql {
  if ('digest' in reference) {
    return sql`LEFT JOIN registry_manifests m ON m.repository = r.id AND m.digest = ${reference.digest}`;
  }
  return sql`LEFT JOIN registry_tags t ON t.repository = r.id AND t.tag = ${reference.tag}
    LEFT JOIN registry_manifests m ON m.repository = t.repository AND m.digest = t.digest`;
}

/** The repository and the manifest, `part` of it: its head, or (at least) its bytes too. */
export async function findManifest(
  core: Core,
  ref: RepositoryRef,
  reference: Reference,
  part: ManifestPart,
): Promise<FoundManifest> {
  const bytes = part === 'whole' ? sql`, m.bytes` : sql``;
  const row = await core.store.get<ManifestRow>(
    sql`SELECT ${repositoryColumns}, m.digest, m.media_type, m.size${bytes} FROM registry_repositories r
      ${joinManifest(reference)} WHERE r.account = ${ref.account} AND r.name = ${ref.name}`,
  );
  if (!row) return { repository: undefined, manifest: undefined };
  if (row.digest === null) return { repository: toRepository(row), manifest: undefined };
  const { digest, media_type: mediaType, size } = row;
  return { repository: toRepository(row), manifest: { digest, mediaType, size, bytes: row.bytes ?? noBytes } };
}

/** Up to `count` tags after `after`, in byte order (distribution-spec: "lexical", ASCII). */
export async function listTags(view: View, repository: Repository, after: string, count: number): Promise<string[]> {
  const rows = await view.all<{ tag: string }>(
    sql`SELECT tag FROM registry_tags WHERE repository = ${repository.id} AND tag > ${after}
      ORDER BY tag LIMIT ${count}`,
  );
  return rows.map((row) => row.tag);
}

export interface ImageId {
  readonly digest: Digest;
  readonly tag: string | undefined;
}

export type TagStatus = 'TAGGED' | 'UNTAGGED' | 'ANY';

function statusFilter(status: TagStatus, tag: Sql): Sql {
  if (status === 'TAGGED') return sql`AND ${tag} IS NOT NULL`;
  return status === 'UNTAGGED' ? sql`AND ${tag} IS NULL` : sql``;
}

/** Pairs of digest and tag (undefined: no tag points at it) after `after`, by digest and tag. */
export async function listImageIds(
  view: View,
  repository: Repository,
  status: TagStatus,
  after: { readonly digest: string; readonly tag: string },
  count: number,
): Promise<ImageId[]> {
  const rows = await view.all<{ digest: Digest; tag: string | null }>(
    sql`SELECT m.digest, t.tag FROM registry_manifests m
      LEFT JOIN registry_tags t ON t.repository = m.repository AND t.digest = m.digest
      WHERE m.repository = ${repository.id} AND m.digest >= ${after.digest}
        AND (m.digest > ${after.digest} OR t.tag > ${after.tag}) ${statusFilter(status, sql`t.tag`)}
      ORDER BY m.digest, t.tag LIMIT ${count}`,
  );
  return rows.map((row) => ({ digest: row.digest, tag: row.tag ?? undefined }));
}

export interface ImageDetail {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly subject: Digest | undefined;
  /** Config and layers together; 0 for an index. */
  readonly imageSize: number;
  readonly pushedAt: number;
  readonly pulledAt: number | undefined;
}

interface DetailRow {
  readonly digest: Digest;
  readonly media_type: string;
  readonly artifact_type: string | null;
  readonly subject: Digest | null;
  readonly image_size: number;
  readonly pushed_at: number;
  readonly pulled_at: number | null;
}

const detailColumns = sql`m.digest, m.media_type, m.artifact_type, m.subject, m.image_size, m.pushed_at, m.pulled_at`;

async function withTags(view: View, repository: Repository, rows: readonly DetailRow[]): Promise<ImageDetail[]> {
  const tags = new Map<string, string[]>(rows.map((row) => [row.digest, []]));
  if (rows.length > 0) {
    const held = await view.all<{ digest: string; tag: string }>(
      sql`SELECT digest, tag FROM registry_tags WHERE repository = ${repository.id}
        AND digest IN (${sqlList([...tags.keys()])}) ORDER BY digest, tag`,
    );
    for (const { digest, tag } of held) tags.get(digest)?.push(tag);
  }
  return rows.map((row) => ({
    digest: row.digest,
    tags: tags.get(row.digest) ?? [],
    mediaType: row.media_type,
    artifactType: row.artifact_type ?? undefined,
    subject: row.subject ?? undefined,
    imageSize: row.image_size,
    pushedAt: row.pushed_at,
    pulledAt: row.pulled_at ?? undefined,
  }));
}

/** A page of images by digest. */
export async function listImages(
  view: View,
  repository: Repository,
  status: TagStatus,
  after: string,
  count: number,
): Promise<ImageDetail[]> {
  const oneTag = sql`(SELECT t.tag FROM registry_tags t
    WHERE t.repository = m.repository AND t.digest = m.digest LIMIT 1)`;
  const rows = await view.all<DetailRow>(
    sql`SELECT ${detailColumns} FROM registry_manifests m
      WHERE m.repository = ${repository.id} AND m.digest > ${after} ${statusFilter(status, oneTag)}
      ORDER BY m.digest LIMIT ${count}`,
  );
  return withTags(view, repository, rows);
}

/** Those of `digests` that are there. */
export async function findImages(
  view: View,
  repository: Repository,
  digests: readonly string[],
): Promise<ImageDetail[]> {
  if (digests.length === 0) return [];
  const rows = await view.all<DetailRow>(
    sql`SELECT ${detailColumns} FROM registry_manifests m
      WHERE m.repository = ${repository.id} AND m.digest IN (${sqlList(digests)}) ORDER BY m.digest`,
  );
  return withTags(view, repository, rows);
}
