// UpdateRepositoryCreationTemplate: what is left out stays as it was.
import {
  UpdateRepositoryCreationTemplate$,
  type UpdateRepositoryCreationTemplateRequest,
  type UpdateRepositoryCreationTemplateResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { changeTemplate } from '../templates.ts';
import { registryOperation } from './ecr-operation.ts';
import { readTemplate, requirePrefix, templateShape } from './template-shapes.ts';

export const updateRepositoryCreationTemplateOperation = (core: Core) =>
  registryOperation<UpdateRepositoryCreationTemplateRequest, UpdateRepositoryCreationTemplateResponse>({
    name: 'UpdateRepositoryCreationTemplate',
    schema: UpdateRepositoryCreationTemplate$,
    effect: 'write',
    async handle(input, call) {
      const { account } = call.principal;
      const prefix = requirePrefix(input.prefix);
      const template = await changeTemplate(core, account, prefix, (held) => readTemplate(core, prefix, input, held));
      return { registryId: account, repositoryCreationTemplate: templateShape(template) };
    },
  });
