// CreateRepository
import { CreateRepository$, type CreateRepositoryRequest, type CreateRepositoryResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { repositoryArn } from '../names.ts';
import { encryptionSettings } from '../encryption/settings.ts';
import { RegistryError } from '../errors.ts';
import { createRepository } from '../repositories.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { mergeTags, readMutability, readTags, repositoryShape } from './shapes.ts';

export const createRepositoryOperation = (core: Core) =>
  repositoryOperation<CreateRepositoryRequest, CreateRepositoryResponse>(core, {
    name: 'CreateRepository',
    schema: CreateRepository$,
    effect: 'write',
    async handle(input, call, ref) {
      if (ref.account !== call.principal.account) {
        throw new RegistryError('denied', 'A repository can only be made in the account of the caller.');
      }
      const { tagMutability, exclusions } = readMutability(input);
      const encryption = await encryptionSettings(
        core,
        ref.account,
        repositoryArn(core, ref),
        input.encryptionConfiguration,
      );
      const scanOnPush = input.imageScanningConfiguration?.scanOnPush;
      const repository = await createRepository(core, ref, {
        tagMutability,
        settings: {
          ...(exclusions && { exclusions }),
          ...(scanOnPush === undefined ? {} : { scanOnPush }),
          ...encryption,
        },
        tags: mergeTags([], readTags(input.tags)),
      });
      return { repository: repositoryShape(core, call, repository) };
    },
  });
