// StartTask: one task on each of up to ten instances that the caller names.
import { StartTask$, type StartTaskRequest, type StartTaskResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { definitionAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { requireDefinition } from '../definitions.ts';
import { invalidParameter } from '../errors.ts';
import { planLaunch } from '../launch.ts';
import { authorizeLaunch } from '../launch-access.ts';
import { launchTags, readCommon } from '../launch-input.ts';
import { requireRoles } from '../role-access.ts';
import { inClusterArn, lastPart } from '../names.ts';
import { readTags } from '../tags.ts';
import { shapeTask } from '../task-shape.ts';
import { noteLaunch } from './run-task.ts';

export function startTask(core: Core) {
  return operation<StartTaskRequest, StartTaskResponse>({
    name: 'StartTask',
    schema: StartTask$,
    effect: 'write',
    access: (input, call) => definitionAccess(input.taskDefinition, input.cluster, call),
    async handle(input, call) {
      const place = placeOf(call);
      const references = input.containerInstances ?? [];
      if (references.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (references.length > 10) throw invalidParameter('Container instances cannot have more than 10 entries.');
      if (input.propagateTags === 'SERVICE') throw invalidParameter('propagateTags SERVICE is for services.');
      const own = readTags(input.tags);
      await authorizeLaunch(core, call, 'StartTask', input, own);
      const launch = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, place, input.cluster);
        const definition = await requireDefinition(view, place, input.taskDefinition);
        const common = readCommon(input, definition);
        const managed = input.enableECSManagedTags ? { 'aws:ecs:clusterName': lastPart(cluster.arn) } : undefined;
        const order = {
          ...common,
          account: place.account,
          clusterArn: cluster.arn,
          definition,
          count: references.length,
          instances: references.map((each) => inClusterArn('container-instance', cluster.arn, each)),
          launchType: 'EC2' as const,
          serviceArn: '',
          rules: { distinctInstance: false, memberOf: [], strategies: [] },
          tags: await launchTags(view, definition, { tags: own, propagate: input.propagateTags, managed }),
        };
        await requireRoles(core, order);
        const result = { ...(await planLaunch(core, view, order, call.now)), definition, tags: order.tags };
        return { steps: result.steps, result };
      });
      noteLaunch(core, launch.definition, launch.tasks, launch.failures.length);
      return {
        tasks: launch.tasks.map((task) => shapeTask(task, launch.tags)),
        failures: launch.failures.map((each) => ({ ...each })),
      };
    },
  });
}
