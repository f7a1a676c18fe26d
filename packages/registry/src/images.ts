// Images: manifests and their tags. A push is planned from what the repository holds and written in one transaction with
// its tags and its events; what a manifest refers to is pinned in that transaction, so that nothing is missing after it.
import { type Digest, digestAlgorithm, type DigestAlgorithm, digestOf } from '@longshore/base';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { suspectLinksStep } from './collection/suspects.ts';
import { type Core, newLease } from './core.ts';
import { RegistryError } from './errors.ts';
import { imageEvent } from './image-event.ts';
import { type Manifest, type ManifestRef, parseManifest } from './manifest.ts';
import { repositoryThing, type Tag } from './names.ts';
import type { Repository } from './repository.ts';
import { mayOverwrite } from './tag-mutability.ts';

export interface ImagePush {
  readonly bytes: Uint8Array;
  /** Bare; undefined if the client declared none. */
  readonly mediaType: string | undefined;
  /** What the client says the digest is; it must match. */
  readonly digest?: Digest | undefined;
  readonly algorithm?: DigestAlgorithm | undefined;
  readonly tags: readonly Tag[];
  /** From an upstream: what it refers to may be fetched later, when somebody asks for it. */
  readonly partial?: boolean;
  /** Written in the same transaction. */
  readonly also?: readonly Step[];
  /** The ECR API refuses to put an image that is there already in just this way (imageExists). */
  readonly refuseSame?: boolean;
}

export interface PushedImage {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** False if the manifest was there before. */
  readonly created: boolean;
}

const chunk = 500;

function chunks<T>(items: readonly T[]): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < items.length; i += chunk) out.push(items.slice(i, i + chunk));
  return out;
}

/** Sizes of those of `digests` that `table` of this repository holds. */
async function sizesIn(view: View, table: Sql, id: string, digests: readonly Digest[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const some of chunks(digests)) {
    const rows = await view.all<{ digest: string; size: number }>(
      sql`SELECT digest, size FROM ${table} WHERE repository = ${id} AND digest IN (${sqlList(some)})`,
    );
    for (const row of rows) sizes.set(row.digest, row.size);
  }
  return sizes;
}

function checkSize(ref: ManifestRef, stored: number): void {
  if (ref.size === stored) return;
  throw new RegistryError('manifestInvalid', `${ref.digest} has ${stored} bytes, but the manifest says ${ref.size}.`);
}

interface Needs {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
}

/** What the manifest refers to in this repository. Throws when something has another size, or is missing and may not. */
async function resolveRefs(view: View, repository: Repository, manifest: Manifest, partial: boolean): Promise<Needs> {
  const wanted = [...new Set(manifest.refs.map((ref) => ref.digest))];
  const children =
    manifest.kind === 'index'
      ? await sizesIn(view, sql`registry_manifests`, repository.id, wanted)
      : new Map<string, number>();
  const blobs = await sizesIn(
    view,
    sql`registry_repository_blobs`,
    repository.id,
    wanted.filter((digest) => !children.has(digest)),
  );
  for (const ref of manifest.refs) {
    const stored = children.get(ref.digest) ?? blobs.get(ref.digest);
    if (stored !== undefined) checkSize(ref, stored);
    else if (ref.kind !== 'foreign' && !partial) {
      const kind = ref.kind === 'manifest' ? 'manifestChildUnknown' : 'manifestBlobUnknown';
      throw new RegistryError(kind, `The manifest names ${ref.digest}, which is not in this repository.`, {
        digest: ref.digest,
      });
    }
  }
  return { blobs: [...blobs.keys()] as Digest[], manifests: [...children.keys()] as Digest[] };
}

/** Fails the write (to be planned again) if something referred to has gone since; renews the leases of layers. */
function pinSteps(core: Core, repository: Repository, needs: Needs): Step[] {
  const lease = newLease(core);
  const within = repositoryThing(repository);
  return [
    ...chunks(needs.blobs).map((some) => ({
      sql: sql`UPDATE registry_repository_blobs SET lease_until = ${lease}
        WHERE repository = ${repository.id} AND digest IN (${sqlList(some)})`,
      expect: some.length,
      within,
    })),
    ...chunks(needs.manifests).map((some) => ({
      sql: sql`UPDATE registry_manifests SET size = size
        WHERE repository = ${repository.id} AND digest IN (${sqlList(some)})`,
      expect: some.length,
      within,
    })),
  ];
}

function imageSize(manifest: Manifest): number {
  if (manifest.kind === 'index') return 0;
  return manifest.refs.reduce((sum, ref) => sum + ref.size, 0);
}

/**
 * Counts a new image, first of its transaction, as `deleteSteps` does: in PostgreSQL the row's lock puts what makes and
 * what deletes images of one repository in an order. When the quota is used up, or the repository gone, planning again says so.
 */
function countImageStep(core: Core, repository: Repository): Step {
  return {
    sql: sql`UPDATE registry_image_counts SET images = images + 1
      WHERE repository = ${repository.id} AND images < ${core.quotas.imagesPerRepository}`,
    expect: 1,
  };
}

function insertSteps(
  core: Core,
  repository: Repository,
  digest: Digest,
  manifest: Manifest,
  bytes: Uint8Array,
): Step[] {
  const annotations = manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations);
  const rows = manifest.refs.map(
    (ref, position) =>
      sql`(${repository.id}, ${digest}, ${position}, ${ref.kind}, ${ref.digest}, ${ref.mediaType}, ${ref.size})`,
  );
  return [
    {
      sql: sql`INSERT INTO registry_manifests (repository, digest, media_type, artifact_type, subject, size, image_size,
          pushed_at, pulled_at, annotations, bytes)
        VALUES (${repository.id}, ${digest}, ${manifest.mediaType}, ${manifest.artifactType ?? null},
          ${manifest.subject ?? null}, ${bytes.length}, ${imageSize(manifest)}, ${core.clock.now()}, ${null},
          ${annotations}, ${bytes})`,
      within: repositoryThing(repository),
    },
    ...chunks(rows).map((some) => ({
      sql: sql`INSERT INTO registry_manifest_refs (repository, manifest, position, kind, digest, media_type, size)
        VALUES ${sqlList(some)}`,
    })),
  ];
}

function tagStep(core: Core, repository: Repository, tag: Tag, held: string | undefined, digest: Digest): Step {
  const now = core.clock.now();
  const within = repositoryThing(repository);
  if (held === undefined) {
    return {
      sql: sql`INSERT INTO registry_tags (repository, tag, digest, updated_at)
        VALUES (${repository.id}, ${tag}, ${digest}, ${now})`,
      within,
    };
  }
  return {
    sql: sql`UPDATE registry_tags SET digest = ${digest}, updated_at = ${now}
      WHERE repository = ${repository.id} AND tag = ${tag} AND digest = ${held}`,
    expect: 1,
    within,
  };
}

/** What each of `tags` points to now; a tag that is new is absent. */
async function heldTags(view: View, repository: Repository, tags: readonly Tag[]): Promise<Map<string, string>> {
  if (tags.length === 0) return new Map();
  const rows = await view.all<{ tag: string; digest: string }>(
    sql`SELECT tag, digest FROM registry_tags WHERE repository = ${repository.id} AND tag IN (${sqlList(tags)})`,
  );
  return new Map(rows.map((row) => [row.tag, row.digest]));
}

/** Counted before the write: two pushes at once may go a little beyond the quota. */
async function refuseManyTags(
  core: Core,
  view: View,
  repository: Repository,
  digest: Digest,
  added: number,
): Promise<void> {
  const most = core.quotas.tagsPerImage;
  if (added === 0) return;
  const row = await view.get<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM registry_tags WHERE repository = ${repository.id} AND digest = ${digest}`,
  );
  if ((row?.n ?? 0) + added <= most) return;
  throw new RegistryError(
    'quotaExceeded',
    `The image with digest '${digest}' in the repository with name '${repository.name}' would have more than the maximum allowed number of tags which is '${most}'`,
  );
}

function refuseOverwrite(repository: Repository, tag: Tag, held: string | undefined, digest: Digest): void {
  if (held === undefined || held === digest || mayOverwrite(repository, tag)) return;
  throw new RegistryError(
    'tagImmutable',
    `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
  );
}

/** The media type under which the repository holds `digest`, if it does. Throws repositoryUnknown or quotaExceeded. */
async function heldMediaType(
  core: Core,
  view: View,
  repository: Repository,
  digest: Digest,
): Promise<string | undefined> {
  const row = await view.get<{ media_type: string | null; images: number }>(
    sql`SELECT m.media_type, c.images FROM registry_image_counts c
      LEFT JOIN registry_manifests m ON m.repository = c.repository AND m.digest = ${digest}
      WHERE c.repository = ${repository.id}`,
  );
  if (!row) throw new RegistryError('repositoryUnknown');
  const most = core.quotas.imagesPerRepository;
  if (row.media_type === null && row.images >= most) {
    throw new RegistryError(
      'quotaExceeded',
      `The repository with name '${repository.name}' in registry with id '${repository.account}' already has the maximum allowed number of images which is '${most}'`,
    );
  }
  return row.media_type ?? undefined;
}

/**
 * Stores a manifest and points `tags` at it. Throws `RegistryError` manifestInvalid, manifestTooLarge,
 * manifestBlobUnknown, manifestChildUnknown, manifestDigestMismatch, tagImmutable, imageExists, quotaExceeded or repositoryUnknown.
 */
export async function putImage(core: Core, repository: Repository, push: ImagePush): Promise<PushedImage> {
  const manifest = parseManifest(push.bytes, push.mediaType);
  const algorithm = push.digest ? digestAlgorithm(push.digest) : (push.algorithm ?? 'sha256');
  const digest = digestOf(push.bytes, algorithm);
  if (push.digest && push.digest !== digest) {
    throw new RegistryError('manifestDigestMismatch', `The manifest has digest ${digest}, not ${push.digest}.`);
  }
  const tags = [...new Set(push.tags)];
  const created = await core.store.update(async (view) => {
    const held = await heldMediaType(core, view, repository, digest);
    const pointing = await heldTags(view, repository, tags);
    const moved = tags.filter((tag) => pointing.get(tag) !== digest);
    if (push.refuseSame && held && moved.length === 0) {
      throw new RegistryError(
        'imageExists',
        `Image with digest '${digest}'${tags[0] === undefined ? '' : ` and tag '${tags[0]}'`} already exists in the repository with name '${repository.name}' in registry with id '${repository.account}'`,
      );
    }
    for (const tag of moved) refuseOverwrite(repository, tag, pointing.get(tag), digest);
    await refuseManyTags(core, view, repository, digest, moved.length);
    const needs = await resolveRefs(view, repository, manifest, push.partial === true);
    const steps: Step[] = [
      ...(held ? [] : [countImageStep(core, repository)]),
      ...pinSteps(core, repository, needs),
      ...(held ? renameSteps(repository, digest, held, manifest) : []),
      ...(held ? [] : insertSteps(core, repository, digest, manifest, push.bytes)),
      ...moved.map((tag) => tagStep(core, repository, tag, pointing.get(tag), digest)),
      ...moved.map((tag) => imageEvent(core, repository, 'PUSH', digest, tag, manifest.mediaType)),
      ...(!held && moved.length === 0
        ? [imageEvent(core, repository, 'PUSH', digest, undefined, manifest.mediaType)]
        : []),
      ...(push.also ?? []),
    ];
    return { steps, result: !held };
  });
  if (created) core.counters.manifestsStored.add();
  return { digest, manifest, created };
}

/** The same bytes under another media type (only possible when they name none): the last one holds. */
function renameSteps(repository: Repository, digest: Digest, held: string, manifest: Manifest): Step[] {
  if (held === manifest.mediaType) return [];
  return [
    {
      sql: sql`UPDATE registry_manifests SET media_type = ${manifest.mediaType}
        WHERE repository = ${repository.id} AND digest = ${digest}`,
      expect: 1,
      within: repositoryThing(repository),
    },
  ];
}

/**
 * Removes a manifest's rows; tags first, as they refer to it. What it named is for collection to look at.
 * `unreferenced`: fails the write, to be planned again, if an index names the manifest by then.
 */
export function deleteSteps(
  core: Core,
  repository: Repository,
  digest: Digest,
  tags: readonly string[],
  only?: 'unreferenced',
): Step[] {
  const id = repository.id;
  const within = repositoryThing(repository);
  const guard = only
    ? sql`AND NOT EXISTS (SELECT 1 FROM registry_manifest_refs f
        WHERE f.repository = ${id} AND f.digest = ${digest} AND f.kind = 'manifest')`
    : sql``;
  return [
    { sql: sql`UPDATE registry_image_counts SET images = images - 1 WHERE repository = ${id}`, expect: 1 },
    {
      sql: sql`DELETE FROM registry_tags WHERE repository = ${id} AND digest = ${digest}`,
      expect: tags.length,
      within,
    },
    suspectLinksStep(repository, digest),
    { sql: sql`DELETE FROM registry_manifest_refs WHERE repository = ${id} AND manifest = ${digest}` },
    {
      sql: sql`DELETE FROM registry_manifests WHERE repository = ${id} AND digest = ${digest} ${guard}`,
      expect: 1,
      within,
    },
    ...(tags.length === 0 ? [undefined] : tags).map((tag) => imageEvent(core, repository, 'DELETE', digest, tag)),
  ];
}

/** The tags that point at `digest`, in byte order; undefined if there is no such manifest. */
export async function tagsOf(view: View, repository: Repository, digest: Digest): Promise<string[] | undefined> {
  const rows = await view.all<{ tag: string | null }>(
    sql`SELECT t.tag FROM registry_manifests m
      LEFT JOIN registry_tags t ON t.repository = m.repository AND t.digest = m.digest
      WHERE m.repository = ${repository.id} AND m.digest = ${digest} ORDER BY t.tag`,
  );
  if (rows.length === 0) return undefined;
  return rows.flatMap((row) => (row.tag === null ? [] : [row.tag]));
}

/** True if an index of the repository names `digest`. */
export async function isReferenced(view: View, repository: Repository, digest: Digest): Promise<boolean> {
  const row = await view.get(
    sql`SELECT 1 AS one FROM registry_manifest_refs
      WHERE repository = ${repository.id} AND digest = ${digest} AND kind = 'manifest' LIMIT 1`,
  );
  return row !== undefined;
}

/** Deletes a manifest and every tag that points at it; resolves to those tags. Throws manifestUnknown. */
export async function deleteImage(core: Core, repository: Repository, digest: Digest): Promise<readonly string[]> {
  return core.store.update(async (view) => {
    const tags = await tagsOf(view, repository, digest);
    if (!tags) throw new RegistryError('manifestUnknown');
    return { steps: deleteSteps(core, repository, digest, tags), result: tags };
  });
}

/**
 * Deletes a tag; resolves to what it pointed at. With `andLastImage`, the image goes with its last tag unless an index
 * names it, as BatchDeleteImage does. Throws manifestUnknown.
 */
export async function deleteTag(core: Core, repository: Repository, tag: Tag, andLastImage = false): Promise<Digest> {
  return core.store.update(async (view) => {
    const held = await view.get<{ digest: Digest }>(
      sql`SELECT digest FROM registry_tags WHERE repository = ${repository.id} AND tag = ${tag}`,
    );
    if (!held) throw new RegistryError('manifestUnknown');
    const { digest } = held;
    const tags = await tagsOf(view, repository, digest);
    if (andLastImage && tags?.length === 1 && !(await isReferenced(view, repository, digest))) {
      return { steps: deleteSteps(core, repository, digest, tags), result: digest };
    }
    const step: Step = {
      sql: sql`DELETE FROM registry_tags WHERE repository = ${repository.id} AND tag = ${tag} AND digest = ${digest}`,
      expect: 1,
      within: repositoryThing(repository),
    };
    return { steps: [step, imageEvent(core, repository, 'DELETE', digest, tag)], result: digest };
  });
}
