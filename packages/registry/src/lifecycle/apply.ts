// The loop that applies lifecycle policies. A repository is due a while after its last time, and when its policy changes.
// Several replicas share the work under one lease; each image is looked at again in the transaction that deletes it, so
// that one which was tagged, or put into an index, meanwhile stays; so does all when the policy was taken away.
import { type Digest, errorText, type LoopService, loopService, newHexId } from '@longshore/base';
import { acquireLease, type Step, sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { deleteSteps, tagsOf } from '../images.ts';
import { type Repository, type RepositoryRow, repositoryColumns, toRepository } from '../repository.ts';
import { evaluateLifecycle, type ImageFacts } from './evaluate.ts';
import { readImageFacts } from './facts.ts';
import { parseLifecyclePolicy } from './parse.ts';
import { dropOldPreviews } from './preview.ts';

/** Pause between two looks for due policies, and from one time of a policy to the next. ECR: within 24 hours. */
const everyMs = 60_000;
const againMs = 60 * 60 * 1000;
const leaseMs = 5 * 60 * 1000;
const batch = 50;

interface DueRow extends RepositoryRow {
  readonly lifecycle: string;
  readonly lifecycle_version: number;
}

/** The policy was changed or taken away while it was applied. */
class PolicyChangedError extends Error {
  override readonly name = 'PolicyChangedError';
}

/** Fails the write if the policy is not the one that decided. */
function samePolicyStep(due: DueRow): Step {
  return {
    sql: sql`UPDATE registry_lifecycle_policies SET version = version
      WHERE repository = ${due.id} AND version = ${due.lifecycle_version} AND policy = ${due.lifecycle}`,
    expect: 1,
    otherwise: () => new PolicyChangedError(),
  };
}

/** True if the image was deleted; false if it is not what the decision was about any more. */
async function expireImage(core: Core, due: DueRow, repository: Repository, image: ImageFacts): Promise<boolean> {
  const digest = image.digest as Digest;
  return core.store.update(async (view) => {
    const tags = await tagsOf(view, repository, digest);
    const same = tags?.length === image.tags.length && tags.every((tag) => image.tags.includes(tag));
    if (!tags || !same) return { steps: [], result: false };
    const referenced = await view.get(
      sql`SELECT 1 AS one FROM registry_manifest_refs
        WHERE repository = ${repository.id} AND digest = ${digest} AND kind = 'manifest' LIMIT 1`,
    );
    if (referenced) return { steps: [], result: false };
    const steps = [samePolicyStep(due), ...deleteSteps(core, repository, digest, tags, 'unreferenced')];
    return { steps, result: true };
  });
}

/** Applies one policy now; resolves to how many images expired. */
async function applyPolicy(core: Core, due: DueRow, signal: AbortSignal): Promise<number> {
  const repository = toRepository(due);
  const rules = parseLifecyclePolicy(due.lifecycle, Number.MAX_SAFE_INTEGER);
  const now = core.clock.now();
  let expired = 0;
  for (const { image } of evaluateLifecycle(rules, await readImageFacts(core.store, repository), now)) {
    if (signal.aborted) return expired;
    if (await expireImage(core, due, repository, image)) expired += 1;
  }
  await core.store.write([
    {
      sql: sql`UPDATE registry_lifecycle_policies SET evaluated_at = ${now}, next_at = ${now + againMs}
        WHERE repository = ${repository.id} AND version = ${due.lifecycle_version}`,
    },
  ]);
  return expired;
}

/** Applies every policy that is due. */
export async function applyDuePolicies(core: Core, signal: AbortSignal): Promise<void> {
  // Pulls that are not written down yet count.
  await core.pulls.flush();
  let after = '';
  while (!signal.aborted) {
    const due = await core.store.all<DueRow>(
      sql`SELECT ${repositoryColumns}, l.policy AS lifecycle, l.version AS lifecycle_version
        FROM registry_lifecycle_policies l JOIN registry_repositories r ON r.id = l.repository
        WHERE l.next_at <= ${core.clock.now()} AND l.repository > ${after} ORDER BY l.repository LIMIT ${batch}`,
    );
    for (const each of due) {
      if (signal.aborted) return;
      after = each.id;
      const names = { account: each.account, repository: each.name };
      try {
        const expired = await applyPolicy(core, each, signal);
        if (expired > 0) core.log.info({ ...names, expired }, 'images expired by the lifecycle policy');
      } catch (error) {
        if (error instanceof PolicyChangedError) continue;
        // One repository's trouble is not the others'.
        core.log.error({ ...names, reason: errorText(error) }, 'a lifecycle policy was not applied');
      }
    }
    if (due.length < batch) return;
  }
}

export function lifecycleService(core: Core): LoopService {
  const holder = newHexId();
  return loopService({
    id: 'registry/lifecycle',
    everyMs,
    log: core.log,
    clock: core.clock,
    step: async ({ signal }) => {
      if (!(await acquireLease(core.store, 'registry/lifecycle', holder, leaseMs, core.clock))) return;
      await dropOldPreviews(core);
      await applyDuePolicies(core, signal);
    },
  });
}
