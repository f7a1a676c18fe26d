// May this caller do this? Decided live for each request, by the caller's policies and, for another account's
// repository, by the repository's; then a bearer token's scopes bound it. The decision is made whether or not the
// repository exists, and refusals say the same in both cases, so that they tell nothing about what exists.
import { repositoryArn, type RepositoryRef, resolvePathName } from '../names.ts';
import { RegistryError } from '../errors.ts';
import { ensureRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { accessResource } from '../resource.ts';
import type { OciCall } from './call.ts';
import { challenge } from './credentials.ts';

/** Actions of a token's scope. */
export type Grant = 'pull' | 'push' | 'delete';

/** What each grant stands for among ECR's actions: what ECR asks for a pull, so that its documented policies do. */
export const grantActions: Readonly<Record<Grant, readonly string[]>> = Object.freeze({
  pull: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
  push: ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'],
  delete: ['ecr:BatchDeleteImage'],
});

/** Whether the policies allow every one of `actions` on the repository. */
export async function isAllowed(
  call: Pick<OciCall, 'core' | 'caller' | 'context'>,
  ref: RepositoryRef,
  repository: Repository | undefined,
  actions: readonly string[],
): Promise<boolean> {
  const resources = [await accessResource(call.core, ref, repository)];
  for (const action of actions) {
    const refusal = await call.core.authorizer.refusal(call.caller.principal, { action, resources }, call.context);
    if (refusal !== undefined) return false;
  }
  return true;
}

/** Whether the token's scopes, if it has any, cover `grant` on the repository. */
export function isInScope(call: Pick<OciCall, 'caller'>, ref: RepositoryRef, grant: Grant): boolean {
  const { scopes, principal } = call.caller;
  if (scopes === undefined) return true;
  return scopes.some((scope) => {
    if (scope.type !== 'repository' || !scope.actions.some((action) => action === grant || action === '*'))
      return false;
    const named = resolvePathName(scope.name, principal.account);
    return named?.account === ref.account && named.name === ref.name;
  });
}

/** Throws denied, or a challenge for a token of wider scope. `name` is the repository as the client wrote it. */
export async function requireAccess(
  call: OciCall,
  name: string,
  ref: RepositoryRef,
  repository: Repository | undefined,
  grant: Grant,
  actions: readonly string[],
): Promise<void> {
  if (!(await isAllowed(call, ref, repository, actions))) {
    throw new RegistryError(
      'denied',
      `User: ${call.caller.principal.arn} is not authorized to perform: ${actions.join(', ')} on resource: ${repositoryArn(call.core, ref)}`,
    );
  }
  if (!isInScope(call, ref, grant)) throw challenge(call, scopeText(name, grant), 'insufficient_scope');
}

/** The scope to ask a token for. */
export function scopeText(name: string, grant: Grant): string {
  return `repository:${name}:${grant === 'push' ? 'pull,push' : grant}`;
}

/**
 * The repository a push goes to. The caller's own account's is made if it is missing and the caller may make it;
 * another account's never. Throws repositoryUnknown.
 */
export async function repositoryForPush(
  call: OciCall,
  ref: RepositoryRef,
  repository: Repository | undefined,
): Promise<Repository> {
  if (repository) return repository;
  const own = ref.account === call.caller.principal.account;
  if (!own || !(await isAllowed(call, ref, undefined, ['ecr:CreateRepository'])))
    return requireRepository(undefined, ref);
  return ensureRepository(call.core, ref, 'CREATE_ON_PUSH');
}
