// TagResource
import { TagResource$, type TagResourceRequest, type TagResourceResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { changeRepository } from '../repositories.ts';
import { ecrOperation } from './ecr-operation.ts';
import { accessByArn, refOfArn } from './resource-arns.ts';
import { mergeTags, readTags } from './shapes.ts';

export const tagResourceOperation = (core: Core) =>
  ecrOperation<TagResourceRequest, TagResourceResponse>({
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    access: (input) => accessByArn(core, input.resourceArn),
    async handle(input) {
      const added = readTags(input.tags);
      await changeRepository(core, refOfArn(core, input.resourceArn), ({ tags }) => ({ tags: mergeTags(tags, added) }));
      return {};
    },
  });
