// Lists in pages: the tags of a repository, its referrers, and the catalog of the caller's own account.
import { parseDigest } from '@longshore/base';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { mediaTypes } from '../manifest.ts';
import type { RepositoryRef } from '../names.ts';
import { listTags } from '../reading.ts';
import { descriptorText, listReferrersPage } from '../referrers.ts';
import { findRepository, listRepositoryNames } from '../repositories.ts';
import { type Repository, repositoryTables, requireRepository } from '../repository.ts';
import { allRepositoriesResource } from '../resource.ts';
import { sourceOf } from '../revision-memory.ts';
import { requireAccess } from './access.ts';
import type { OciCall } from './call.ts';
import { challenge } from './credentials.ts';
import { nextLink, page, sendPage } from './list-page.ts';

/** `n` of the query, never more than the bound of a page (CVE-2023-2253). Throws pageInvalid. */
function pageSize(call: OciCall, usual: number): number {
  const text = call.query.get('n');
  if (text === null) return usual;
  if (!/^\d{1,9}$/.test(text)) {
    if (/^\d+$/.test(text)) return limits.pageMax;
    throw new RegistryError('pageInvalid');
  }
  return Math.min(Number(text), limits.pageMax);
}

function requireGet(call: OciCall): void {
  if (call.request.method !== 'GET' && call.request.method !== 'HEAD') throw new RegistryError('unsupported');
}

function rememberedRepository({ core, caller }: OciCall, ref: RepositoryRef): Promise<Repository | undefined> {
  return core.imageMemory.repository(caller.principal.arn, ref, () => findRepository(core.store, ref));
}

/** `GET /v2/<name>/tags/list` */
export async function handleTags(call: OciCall, name: string, ref: RepositoryRef): Promise<void> {
  requireGet(call);
  const found = await rememberedRepository(call, ref);
  await requireAccess(call, name, ref, found, 'pull', ['ecr:ListImages']);
  const size = pageSize(call, limits.pageMax);
  const repository = requireRepository(found, ref);
  const after = call.query.get('last') ?? '';
  const source = sourceOf(ref, ['registry_tags']);
  await sendPage(call, ['tags', repository.id, name, size, after], source, async () => {
    const held = size === 0 ? [] : await listTags(call.core.store, repository, after, size + 1);
    const { entries, link } = page(held, size, `/v2/${name}/tags/list`);
    return { body: JSON.stringify({ name, tags: entries }), link };
  });
}

/** `GET /v2/<name>/referrers/<digest>[?artifactType=…&n=…]`: an index, empty also for what is not (yet) there. */
export async function handleReferrers(call: OciCall, name: string, ref: RepositoryRef, item: string): Promise<void> {
  requireGet(call);
  const repository = await rememberedRepository(call, ref);
  await requireAccess(call, name, ref, repository, 'pull', ['ecr:BatchGetImage']);
  const subject = parseDigest(item);
  if (!subject) throw new RegistryError('digestInvalid');
  const artifactType = call.query.get('artifactType') || undefined;
  const page = {
    artifactTypes: artifactType === undefined ? [] : [artifactType],
    after: call.query.get('last') ?? '',
    count: Math.max(1, pageSize(call, limits.referrersPage)),
  };
  const asked = call.query.get('n') === null ? {} : { n: String(page.count) };
  const filter: Record<string, string> = artifactType === undefined ? asked : { ...asked, artifactType };
  const read = async () => {
    const { referrers, more } = repository
      ? await listReferrersPage(call.core.store, repository, subject, page)
      : { referrers: [], more: false };
    const last = more ? referrers.at(-1)?.digest : undefined;
    return {
      body: `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${referrers.map(descriptorText).join(',')}]}`,
      link: last === undefined ? undefined : nextLink(`/v2/${name}/referrers/${subject}`, { ...filter, last }),
    };
  };
  await sendPage(
    call,
    ['referrers', repository?.id, name, subject, artifactType, page.after, JSON.stringify(asked)],
    sourceOf(ref, ['registry_manifests']),
    read,
    {
      'content-type': mediaTypes.ociIndex,
      'oci-filters-applied': artifactType === undefined ? undefined : 'artifactType',
    },
  );
}

/** `GET /v2/_catalog` */
export async function handleCatalog(call: OciCall): Promise<void> {
  requireGet(call);
  const { core, caller } = call;
  const { account } = caller.principal;
  const access = { action: 'ecr:DescribeRepositories', resources: [await allRepositoriesResource(core, account)] };
  if ((await core.authorizer.refusal(caller.principal, access, call.context)) !== undefined) {
    throw new RegistryError('denied');
  }
  const inScope = caller.scopes?.some((scope) => scope.type === 'registry' && scope.name === 'catalog') ?? true;
  if (!inScope) throw challenge(call, 'registry:catalog:*', 'insufficient_scope');
  const size = pageSize(call, limits.catalogDefault);
  const after = call.query.get('last') ?? '';
  const source = { tables: repositoryTables };
  await sendPage(call, ['catalog', account, size, after], source, async () => {
    const held = size === 0 ? [] : await listRepositoryNames(core.store, account, after, size + 1);
    const { entries, link } = page(held, size, '/v2/_catalog');
    return { body: JSON.stringify({ repositories: entries }), link };
  });
}
