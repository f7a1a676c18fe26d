// Before anything is fetched: is the name a window on an upstream, and may this caller fetch? And the bounds of what may
// be under way.
import type { CallContext } from '@longshore/aws';
import type { Core } from '../core.ts';
import { repositoryArn, type RepositoryRef } from '../names.ts';
import { RegistryError } from '../errors.ts';
import { ensureRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { isAllowed } from '../oci/access.ts';
import type { OciCall } from '../oci/call.ts';
import { toRegistryError, UpstreamError } from './failure.ts';
import { matchRule } from './rules.ts';
import type { Remote } from './upstream.ts';

/** Who asks: a call of either protocol. */
export type Asker = Pick<OciCall, 'core' | 'caller' | 'context'>;

/** Who calls an operation of the ECR API; no token bounds it. */
export function apiAsker(core: Core, call: CallContext): Asker {
  return { core, caller: { principal: call.principal, scopes: undefined }, context: call };
}

const importAction = 'ecr:BatchImportUpstreamImage';

/** The upstream's repository behind a name; undefined if no rule has it. */
export async function remoteOf(core: Core, ref: RepositoryRef): Promise<Remote | undefined> {
  const found = matchRule(await core.pullThrough.rules.of(ref.account), ref.name);
  return found && { rule: found.rule, name: found.upstreamName };
}

export function mayImport(asker: Asker, ref: RepositoryRef, repository: Repository | undefined): Promise<boolean> {
  return isAllowed(asker, ref, repository, [importAction]);
}

/** Throws denied. A repository that is missing is made by its own account only, as a push would. */
export async function requireImport(
  asker: Asker,
  ref: RepositoryRef,
  repository: Repository | undefined,
): Promise<void> {
  const { core, caller } = asker;
  if (!(await mayImport(asker, ref, repository))) {
    throw new RegistryError(
      'denied',
      `User: ${caller.principal.arn} is not authorized to perform: ${importAction} on resource: ${repositoryArn(core, ref)}`,
    );
  }
  if (repository) return;
  const own = ref.account === caller.principal.account;
  if (!own || !(await isAllowed(asker, ref, undefined, ['ecr:CreateRepository']))) requireRepository(undefined, ref);
}

/** The repository that keeps what was fetched. */
export function keepingRepository(core: Core, ref: RepositoryRef): Promise<Repository> {
  return ensureRepository(core, ref, 'PULL_THROUGH_CACHE');
}

const mostPerAccount = 32;
const mostAtAll = 128;

/** Counts `work` against the bounds while it runs. Throws upstreamBusy instead of beginning too much. */
export async function withinBounds<T>(
  core: Core,
  ref: Pick<RepositoryRef, 'account'>,
  work: () => Promise<T>,
): Promise<T> {
  const { underWay } = core.pullThrough;
  const own = underWay.get(ref.account) ?? 0;
  let all = 0;
  for (const count of underWay.values()) all += count;
  if (own >= mostPerAccount || all >= mostAtAll) {
    throw new UpstreamError('busy', 'Too much is being fetched from upstreams. Try again in a moment.');
  }
  underWay.set(ref.account, own + 1);
  try {
    return await work();
  } finally {
    const left = (underWay.get(ref.account) ?? 1) - 1;
    if (left > 0) underWay.set(ref.account, left);
    else underWay.delete(ref.account);
  }
}

function known(core: Core, key: string): UpstreamError | undefined {
  const failure = core.pullThrough.failures.get(key);
  if (!failure) return undefined;
  if (failure.until > core.clock.now()) return failure.error;
  core.pullThrough.failures.delete(key);
  return undefined;
}

/** The limit that the rule's upstream set, while it lasts: it is for whatever is asked. */
export function knownLimit(core: Core, remote: Remote): UpstreamError | undefined {
  return known(core, ruleKey(remote));
}

/** What was asked for in vain a moment ago is not asked for again. Throws what it failed with. */
export function throwKnownFailure(core: Core, remote: Remote, key: string, what: 'image' | 'layer'): void {
  const error = knownLimit(core, remote) ?? known(core, key);
  if (error) throw toRegistryError(error, what);
}

/** Remembers a failure; a limit for as long as the upstream asks for, but not longer than five minutes. */
export function rememberFailure(core: Core, remote: Remote, key: string, error: unknown): void {
  if (!(error instanceof UpstreamError) || core.pullThrough.signal.aborted) return;
  const { failures, options } = core.pullThrough;
  const now = core.clock.now();
  if (error.fault !== 'busy') failures.set(key, { error, until: now + options.negativeTtlMs });
  else if (error.retryAfter !== undefined) {
    failures.set(ruleKey(remote), { error, until: now + Math.min(error.retryAfter * 1_000, longestLimitMs) });
  }
}

const longestLimitMs = 5 * 60_000;

function ruleKey({ rule }: Remote): string {
  return [rule.account, rule.prefix, rule.createdAt, rule.version].join(' ');
}

/** By what a thing is known while it is fetched; a changed rule asks anew. */
export function flightKey(remote: Remote, ref: RepositoryRef, item: string): string {
  return [ruleKey(remote), ref.name, item].join(' ');
}
