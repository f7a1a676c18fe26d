// DescribeTaskSets: all sets of a service, or those that are named; what is not there is a failure MISSING.
import { DescribeTaskSets$, type DescribeTaskSetsRequest, type DescribeTaskSetsResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { includedTags } from '../tags.ts';
import { requireExternalService, taskSetAccess, taskSetArn } from '../task-sets/input.ts';
import { findTaskSets } from '../task-sets/rows.ts';
import { shapeTaskSets } from '../task-sets/shape.ts';

export function describeTaskSets(core: Core) {
  return operation<DescribeTaskSetsRequest, DescribeTaskSetsResponse>({
    name: 'DescribeTaskSets',
    schema: DescribeTaskSets$,
    effect: 'read',
    access: (input, call) => taskSetAccess(input, input.taskSets, call),
    async handle(input, call) {
      checkInclude(input.include, ['TAGS']);
      const references = input.taskSets ?? [];
      if (references.length > 100) throw invalidParameter('Task sets cannot have more than 100 entries.');
      const service = await requireExternalService(core, core.store, input, call);
      const all = await findTaskSets(core.store, [service.arn]);
      const wanted = [...new Set(references.map((each) => taskSetArn(placeOf(call), service.arn, each)))];
      const sets = wanted.length === 0 ? all : all.filter((each) => wanted.includes(each.arn));
      const found = sets.map((each) => each.arn);
      const tags = await includedTags(core.store, input.include, found);
      return {
        taskSets: await shapeTaskSets(core.store, service, sets, tags),
        failures: wanted.filter((arn) => !found.includes(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
