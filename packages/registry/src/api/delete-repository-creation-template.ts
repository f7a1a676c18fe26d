// DeleteRepositoryCreationTemplate
import {
  DeleteRepositoryCreationTemplate$,
  type DeleteRepositoryCreationTemplateRequest,
  type DeleteRepositoryCreationTemplateResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { deleteTemplate } from '../templates.ts';
import { registryOperation } from './ecr-operation.ts';
import { requirePrefix, templateShape } from './template-shapes.ts';

export const deleteRepositoryCreationTemplateOperation = (core: Core) =>
  registryOperation<DeleteRepositoryCreationTemplateRequest, DeleteRepositoryCreationTemplateResponse>({
    name: 'DeleteRepositoryCreationTemplate',
    schema: DeleteRepositoryCreationTemplate$,
    effect: 'write',
    async handle(input, call) {
      const { account } = call.principal;
      const template = await deleteTemplate(core.store, account, requirePrefix(input.prefix));
      return { registryId: account, repositoryCreationTemplate: templateShape(template) };
    },
  });
