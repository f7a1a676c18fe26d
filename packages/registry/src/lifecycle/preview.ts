// Previews of lifecycle policies: what a policy would expire now, written down in one transaction and read in pages. A
// preview is made while its request waits; it is good for a day.
import type { Digest } from '@longshore/base';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import type { TagStatus } from '../reading.ts';
import type { Repository } from '../repository.ts';
import { evaluateLifecycle, type Expiry } from './evaluate.ts';
import { readImageFacts } from './facts.ts';
import type { LifecycleRule } from './parse.ts';

const goodMs = 24 * 60 * 60 * 1000;
const chunk = 200;

export interface Preview {
  readonly policyText: string;
  readonly expired: boolean;
  /** How many images would expire. */
  readonly expiring: number;
}

export interface PreviewImage {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly pushedAt: number;
  readonly priority: number;
}

function imageSteps(repository: Repository, expiries: readonly Expiry[]): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < expiries.length; i += chunk) {
    const rows = expiries
      .slice(i, i + chunk)
      .map(
        ({ image, priority }) =>
          sql`(${repository.id}, ${image.digest}, ${JSON.stringify(image.tags)}, ${image.pushedAt}, ${priority})`,
      );
    steps.push({
      sql: sql`INSERT INTO registry_lifecycle_preview_images (repository, digest, tags, pushed_at, priority)
        VALUES ${sqlList(rows)}`,
    });
  }
  return steps;
}

/** Makes the preview of `text`, whose rules these are, in place of an older one. */
export async function makePreview(
  core: Core,
  repository: Repository,
  text: string,
  rules: readonly LifecycleRule[],
): Promise<void> {
  await core.pulls.flush();
  const now = core.clock.now();
  const expiries = evaluateLifecycle(rules, await readImageFacts(core.store, repository), now);
  await core.store.write([
    { sql: sql`DELETE FROM registry_lifecycle_preview_images WHERE repository = ${repository.id}` },
    {
      sql: sql`INSERT INTO registry_lifecycle_previews (repository, policy, made_at, expiring)
        VALUES (${repository.id}, ${text}, ${now}, ${expiries.length})
        ON CONFLICT (repository) DO UPDATE SET policy = excluded.policy, made_at = excluded.made_at,
          expiring = excluded.expiring`,
      otherwise: () => new RegistryError('repositoryUnknown'),
    },
    ...imageSteps(repository, expiries),
  ]);
}

/** Throws lifecyclePreviewUnknown. */
export async function requirePreview(core: Core, repository: Repository): Promise<Preview> {
  const row = await core.store.get<{ policy: string; made_at: number; expiring: number }>(
    sql`SELECT policy, made_at, expiring FROM registry_lifecycle_previews WHERE repository = ${repository.id}`,
  );
  if (!row) {
    throw new RegistryError(
      'lifecyclePreviewUnknown',
      `The lifecycle policy preview does not exist for the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
    );
  }
  return { policyText: row.policy, expired: row.made_at + goodMs <= core.clock.now(), expiring: row.expiring };
}

export interface PreviewPage {
  readonly status: TagStatus;
  /** Only these, if given. */
  readonly digests: readonly string[] | undefined;
  readonly after: string;
  readonly count: number;
}

/** Images that would expire, by digest. */
export async function listPreview(view: View, repository: Repository, page: PreviewPage): Promise<PreviewImage[]> {
  if (page.digests?.length === 0) return [];
  const status =
    page.status === 'ANY' ? sql`` : page.status === 'UNTAGGED' ? sql`AND tags = '[]'` : sql`AND tags <> '[]'`;
  const digests = page.digests ? sql`AND digest IN (${sqlList(page.digests)})` : sql``;
  const rows = await view.all<{ digest: Digest; tags: string; pushed_at: number; priority: number }>(
    sql`SELECT digest, tags, pushed_at, priority FROM registry_lifecycle_preview_images
      WHERE repository = ${repository.id} AND digest > ${page.after} ${status} ${digests}
      ORDER BY digest LIMIT ${page.count}`,
  );
  return rows.map((row) => ({
    digest: row.digest,
    tags: JSON.parse(row.tags) as string[],
    pushedAt: row.pushed_at,
    priority: row.priority,
  }));
}

/** Forgets previews a day after they ran out. */
export async function dropOldPreviews(core: Core): Promise<void> {
  const old = core.clock.now() - 2 * goodMs;
  await core.store.write([{ sql: sql`DELETE FROM registry_lifecycle_previews WHERE made_at <= ${old}` }]);
}
