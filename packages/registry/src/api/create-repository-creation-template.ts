// CreateRepositoryCreationTemplate
import {
  CreateRepositoryCreationTemplate$,
  type CreateRepositoryCreationTemplateRequest,
  type CreateRepositoryCreationTemplateResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { createTemplate } from '../templates.ts';
import { registryOperation } from './ecr-operation.ts';
import { readTemplate, requirePrefix, templateShape } from './template-shapes.ts';

export const createRepositoryCreationTemplateOperation = (core: Core) =>
  registryOperation<CreateRepositoryCreationTemplateRequest, CreateRepositoryCreationTemplateResponse>({
    name: 'CreateRepositoryCreationTemplate',
    schema: CreateRepositoryCreationTemplate$,
    effect: 'write',
    async handle(input, call) {
      const { account } = call.principal;
      const body = readTemplate(core, requirePrefix(input.prefix), input, undefined);
      const template = await createTemplate(core, account, body);
      return { registryId: account, repositoryCreationTemplate: templateShape(template) };
    },
  });
