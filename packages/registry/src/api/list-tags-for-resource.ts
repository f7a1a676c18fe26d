// ListTagsForResource
import {
  ListTagsForResource$,
  type ListTagsForResourceRequest,
  type ListTagsForResourceResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { ecrOperation } from './ecr-operation.ts';
import { accessByArn, refOfArn } from './resource-arns.ts';

export const listTagsForResourceOperation = (core: Core) =>
  ecrOperation<ListTagsForResourceRequest, ListTagsForResourceResponse>({
    name: 'ListTagsForResource',
    schema: ListTagsForResource$,
    effect: 'read',
    access: (input) => accessByArn(core, input.resourceArn),
    async handle(input) {
      const ref = refOfArn(core, input.resourceArn);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      return { tags: repository.tags.map((tag) => ({ ...tag })) };
    },
  });
