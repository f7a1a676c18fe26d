// UntagResource
import { UntagResource$, type UntagResourceRequest, type UntagResourceResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { changeRepository } from '../repositories.ts';
import { ecrOperation } from './ecr-operation.ts';
import { accessByArn, refOfArn } from './resource-arns.ts';

export const untagResourceOperation = (core: Core) =>
  ecrOperation<UntagResourceRequest, UntagResourceResponse>({
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    access: (input) => accessByArn(core, input.resourceArn),
    async handle(input) {
      const gone = new Set(input.tagKeys ?? []);
      await changeRepository(core, refOfArn(core, input.resourceArn), ({ tags }) => ({
        tags: tags.filter((tag) => !gone.has(tag.Key)),
      }));
      return {};
    },
  });
