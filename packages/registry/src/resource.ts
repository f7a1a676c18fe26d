// A repository as what policies are asked about: its ARN, its own policy, and the policy of the registry it is in. It need
// not exist: refusals must not tell.
import type { AccessResource } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import { formatArn } from '@longshore/base';
import { findRegistryAccount } from './accounts.ts';
import type { Core } from './core.ts';
import { repositoryArn, type RepositoryRef } from './names.ts';
import type { Repository } from './repository.ts';

async function registryPolicyText(core: Core, account: AccountId): Promise<string | undefined> {
  return (await findRegistryAccount(core.store, account)).policyText;
}

/** `repository` is what was found of `ref`; what was found brings its registry's policy along. */
export async function accessResource(
  core: Core,
  ref: RepositoryRef,
  repository: Repository | undefined,
): Promise<AccessResource> {
  const text = repository ? repository.registryPolicyText : await registryPolicyText(core, ref.account);
  return {
    arn: repositoryArn(core, ref),
    account: ref.account,
    policy: core.readPolicy(repository?.policyText),
    ownerPolicy: core.readPolicy(text),
  };
}

/** All repositories of an account, as listings are about. */
export async function allRepositoriesResource(core: Core, account: AccountId): Promise<AccessResource> {
  const arn = formatArn({ service: 'ecr', region: core.region, account, resource: 'repository/*' });
  return { arn, account, ownerPolicy: core.readPolicy(await registryPolicyText(core, account)) };
}
