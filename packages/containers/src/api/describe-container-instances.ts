// DescribeContainerInstances: up to 100; what is not there is a failure MISSING.
import {
  DescribeContainerInstances$,
  type DescribeContainerInstancesRequest,
  type DescribeContainerInstancesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { findInstances } from '../instances.ts';
import { shapeInstances } from '../instance-shape.ts';
import { inClusterArn } from '../names.ts';
import { includedTags } from '../tags.ts';

export function describeContainerInstances(core: Core) {
  return operation<DescribeContainerInstancesRequest, DescribeContainerInstancesResponse>({
    name: 'DescribeContainerInstances',
    schema: DescribeContainerInstances$,
    effect: 'read',
    access: (input, call) => memberAccess('container-instance', input.cluster, input.containerInstances, call),
    async handle(input, call) {
      checkInclude(input.include, ['TAGS', 'CONTAINER_INSTANCE_HEALTH']);
      const references = input.containerInstances ?? [];
      if (references.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (references.length > 100) throw invalidParameter('Container instances cannot have more than 100 entries.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arns = [...new Set(references.map((each) => inClusterArn('container-instance', cluster.arn, each)))];
      const instances = (await findInstances(core.store, arns)).filter((each) => each.clusterArn === cluster.arn);
      const found = new Set(instances.map((each) => each.arn));
      const tags = await includedTags(core.store, input.include, [...found]);
      return {
        containerInstances: await shapeInstances(
          core.store,
          instances,
          tags,
          input.include?.includes('CONTAINER_INSTANCE_HEALTH'),
        ),
        failures: arns.filter((arn) => !found.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
