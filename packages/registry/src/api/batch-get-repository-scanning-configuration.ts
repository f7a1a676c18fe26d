// BatchGetRepositoryScanningConfiguration
import {
  BatchGetRepositoryScanningConfiguration$,
  type BatchGetRepositoryScanningConfigurationRequest,
  type BatchGetRepositoryScanningConfigurationResponse,
  type RepositoryScanningConfiguration,
  type RepositoryScanningConfigurationFailure,
} from '@aws-sdk/client-ecr';
import type { CallContext } from '@longshore/aws';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { repositoryArn } from '../names.ts';
import { findRepository } from '../repositories.ts';
import { ecrOperation, invalid, refOf, repositoryResource } from './ecr-operation.ts';
import { scanningOf } from './scanning.ts';

function refsOf(input: BatchGetRepositoryScanningConfigurationRequest, call: CallContext) {
  const names = input.repositoryNames ?? [];
  if (names.length < 1 || names.length > 25) throw invalid("Invalid parameter at 'repositoryNames': 1 to 25 of them.");
  return names.map((repositoryName) => refOf({ repositoryName }, call));
}

export const batchGetRepositoryScanningConfigurationOperation = (core: Core) =>
  ecrOperation<BatchGetRepositoryScanningConfigurationRequest, BatchGetRepositoryScanningConfigurationResponse>({
    name: 'BatchGetRepositoryScanningConfiguration',
    schema: BatchGetRepositoryScanningConfiguration$,
    effect: 'read',
    access: async (input, call) => ({
      resources: await Promise.all(refsOf(input, call).map((ref) => repositoryResource(core, ref))),
    }),
    async handle(input, call) {
      const { settings } = await findRegistryAccount(core.store, call.principal.account);
      const scanningConfigurations: RepositoryScanningConfiguration[] = [];
      const failures: RepositoryScanningConfigurationFailure[] = [];
      for (const ref of refsOf(input, call)) {
        const repository = await findRepository(core.store, ref);
        const named = { repositoryName: ref.name };
        if (repository) {
          const repositoryArnText = repositoryArn(core, ref);
          scanningConfigurations.push({
            repositoryArn: repositoryArnText,
            ...named,
            ...scanningOf(settings, repository),
          });
        } else {
          failures.push({
            ...named,
            failureCode: 'REPOSITORY_NOT_FOUND',
            failureReason: `The repository with name '${ref.name}' does not exist in the registry with id '${ref.account}'`,
          });
        }
      }
      return { scanningConfigurations, failures };
    },
  });
