// Manifests through the cache: absent ones are fetched, tags are looked at again when their time is up, and what is held
// is served when the upstream is not there.
import { type Digest, errorText } from '@longshore/base';
import { emitEvent, type Step, sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { type Reference, repositoryArn, type RepositoryRef, type Tag } from '../names.ts';
import { RegistryError } from '../errors.ts';
import { putImage } from '../images.ts';
import { findManifest, type FoundManifest } from '../reading.ts';
import type { Repository } from '../repository.ts';
import {
  type Asker,
  flightKey,
  keepingRepository,
  knownLimit,
  mayImport,
  rememberFailure,
  remoteOf,
  requireImport,
  throwKnownFailure,
  withinBounds,
} from './begin.ts';
import { toRegistryError, UpstreamError } from './failure.ts';
import { type Remote, remoteDigest, remoteManifest } from './upstream.ts';

function freshKey(repository: Repository, tag: Tag): string {
  return `${repository.id} ${tag}`;
}

function checkedStep(core: Core, repository: Repository, tag: Tag, digest: Digest): Step {
  const now = core.clock.now();
  return {
    sql: sql`INSERT INTO registry_pull_through_tags (repository, tag, digest, checked_at)
      VALUES (${repository.id}, ${tag}, ${digest}, ${now})
      ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest, checked_at = excluded.checked_at`,
  };
}

/** ECR's event of an import. */
function importEvent(core: Core, remote: Remote, repository: Repository, digest: Digest, tag: Tag | undefined): Step {
  return emitEvent({
    source: 'aws.ecr',
    detailType: 'ECR Pull Through Cache Action',
    account: repository.account,
    region: core.region,
    time: core.clock.now(),
    resources: [repositoryArn(core, repository)],
    detail: {
      'rule-version': '1',
      'sync-status': 'SUCCESS',
      'ecr-repository-prefix': remote.rule.prefix,
      'repository-name': repository.name,
      'upstream-registry-url': remote.rule.upstreamUrl,
      'image-digest': digest,
      ...(tag === undefined ? {} : { 'image-tag': tag }),
    },
  });
}

/** What is wrong with the manifest itself. A full quota or an immutable tag is this side's. */
const upstreamsFault: ReadonlySet<string> = new Set(['manifestInvalid', 'manifestTooLarge', 'manifestDigestMismatch']);

async function importImage(core: Core, remote: Remote, ref: RepositoryRef, reference: Reference): Promise<void> {
  const { bytes, mediaType, digest } = await remoteManifest(core, remote, reference);
  const tag = 'tag' in reference ? reference.tag : undefined;
  const repository = await keepingRepository(core, ref);
  try {
    await putImage(core, repository, {
      bytes,
      mediaType,
      digest,
      tags: tag === undefined ? [] : [tag],
      partial: true,
      also: [
        importEvent(core, remote, repository, digest, tag),
        ...(tag === undefined ? [] : [checkedStep(core, repository, tag, digest)]),
      ],
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || !upstreamsFault.has(error.kind)) throw error;
    throw new UpstreamError('refused', `The upstream's manifest cannot be taken: ${error.message}`);
  }
  if (tag !== undefined) {
    const until = core.clock.now() + core.pullThrough.options.tagTtlMs;
    core.pullThrough.fresh.set(freshKey(repository, tag), { digest, until });
  }
}

/** Fetches once, however many ask. Throws `UpstreamError`. */
function importOnce(core: Core, remote: Remote, ref: RepositoryRef, reference: Reference): Promise<void> {
  const { images } = core.pullThrough;
  const key = flightKey(remote, ref, `image ${'tag' in reference ? reference.tag : reference.digest}`);
  const held = images.get(key);
  if (held) return held;
  const work = withinBounds(core, ref, () => importImage(core, remote, ref, reference)).catch((error: unknown) => {
    rememberFailure(core, remote, key, error);
    throw error;
  });
  images.set(key, work);
  const forget = () => void images.delete(key);
  work.then(forget, forget);
  return work;
}

/** Whether a held tag is to be looked at again. A tag that did not come from an upstream never is. */
async function isStale(core: Core, repository: Repository, tag: Tag, digest: Digest): Promise<boolean> {
  const { fresh, options } = core.pullThrough;
  const key = freshKey(repository, tag);
  const now = core.clock.now();
  const known = fresh.get(key);
  if (known?.digest === digest && known.until > now) return false;
  const row = await core.store.get<{ digest: Digest; checked_at: number }>(
    sql`SELECT digest, checked_at FROM registry_pull_through_tags WHERE repository = ${repository.id} AND tag = ${tag}`,
  );
  const until = row?.digest === digest ? row.checked_at + options.tagTtlMs : now + options.tagTtlMs;
  if (until <= now) return true;
  fresh.set(key, { digest, until });
  return false;
}

async function revalidate(core: Core, remote: Remote, repository: Repository, tag: Tag, held: Digest): Promise<void> {
  const { fresh, options } = core.pullThrough;
  const until = (ms: number) => fresh.set(freshKey(repository, tag), { digest: held, until: core.clock.now() + ms });
  // Whoever comes meanwhile is served what is held.
  until(options.negativeTtlMs);
  if (knownLimit(core, remote)) return;
  try {
    const digest = await remoteDigest(core, remote, tag);
    if (digest !== held) return await importOnce(core, remote, repository, { tag });
    await core.store.write([checkedStep(core, repository, tag, held)]);
    until(options.tagTtlMs);
  } catch (error) {
    const expected = error instanceof UpstreamError || error instanceof RegistryError;
    if (!expected) throw error;
    rememberFailure(core, remote, flightKey(remote, repository, `tag ${tag}`), error);
    core.log.warn(
      { repository: repository.name, tag, reason: errorText(error) },
      'a cached tag could not be looked at again; what is held is served',
    );
  }
}

/** What was found, or what the upstream has instead. Throws `RegistryError`. The caller's right to pull was checked. */
export async function throughCache(
  asker: Asker,
  ref: RepositoryRef,
  reference: Reference,
  found: FoundManifest,
  part: 'head' | 'whole',
): Promise<FoundManifest> {
  const { core } = asker;
  const { repository, manifest } = found;
  if (manifest && 'digest' in reference) return found;
  const remote = await remoteOf(core, ref);
  if (!remote) return found;
  if (repository && manifest && 'tag' in reference) {
    const { tag } = reference;
    if (!(await isStale(core, repository, tag, manifest.digest))) return found;
    if (!(await mayImport(asker, ref, repository))) return found;
    await revalidate(core, remote, repository, tag, manifest.digest);
    return findManifest(core, ref, reference, part);
  }
  await requireImport(asker, ref, repository);
  const item = 'tag' in reference ? reference.tag : reference.digest;
  throwKnownFailure(core, remote, flightKey(remote, ref, `image ${item}`), 'image');
  try {
    await importOnce(core, remote, ref, reference);
  } catch (error) {
    throw toRegistryError(error, 'image');
  }
  return findManifest(core, ref, reference, part);
}
