// DescribeTasks: up to 100; what is not there is a failure MISSING.
import { DescribeTasks$, type DescribeTasksRequest, type DescribeTasksResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { inClusterArn } from '../names.ts';
import { includedTags } from '../tags.ts';
import { shapeTask } from '../task-shape.ts';
import { findTasksByArn } from '../tasks.ts';

export function describeTasks(core: Core) {
  return operation<DescribeTasksRequest, DescribeTasksResponse>({
    name: 'DescribeTasks',
    schema: DescribeTasks$,
    effect: 'read',
    access: (input, call) => memberAccess('task', input.cluster, input.tasks, call),
    async handle(input, call) {
      checkInclude(input.include, ['TAGS']);
      const references = input.tasks ?? [];
      if (references.length === 0) throw invalidParameter('Tasks cannot be empty.');
      if (references.length > 100) throw invalidParameter('Tasks cannot have more than 100 entries.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arns = [...new Set(references.map((each) => inClusterArn('task', cluster.arn, each)))];
      const tasks = (await findTasksByArn(core.store, arns)).filter((task) => task.clusterArn === cluster.arn);
      const tags = await includedTags(
        core.store,
        input.include,
        tasks.map((task) => task.arn),
      );
      const byArn = new Map(tasks.map((task) => [task.arn, task]));
      const found = arns.flatMap((arn) => byArn.get(arn) ?? []);
      return {
        tasks: found.map((task) => shapeTask(task, tags(task.arn))),
        failures: arns.filter((arn) => !byArn.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
