// DescribeTaskDefinition: a revision, or a family's latest active one.
import {
  DescribeTaskDefinition$,
  type DescribeTaskDefinitionRequest,
  type DescribeTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { findDefinition, shapeDefinition } from '../definitions.ts';
import { ecsErrors } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { includedTags } from '../tags.ts';

export function describeTaskDefinition(core: Core) {
  return operation<DescribeTaskDefinitionRequest, DescribeTaskDefinitionResponse>({
    name: 'DescribeTaskDefinition',
    schema: DescribeTaskDefinition$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      checkInclude(input.include, ['TAGS']);
      const record = await findDefinition(core.store, placeOf(call), input.taskDefinition ?? '');
      if (record === undefined) throw ecsErrors.definitionUndescribed();
      const tags = await includedTags(core.store, input.include, [record.arn]);
      return { taskDefinition: shapeDefinition(record), tags: tags(record.arn) ?? [] };
    },
  });
}
