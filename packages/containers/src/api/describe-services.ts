// DescribeServices: up to ten; what is not there is a failure MISSING.
import { DescribeServices$, type DescribeServicesRequest, type DescribeServicesResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { inClusterArn } from '../names.ts';
import { shapeServices } from '../services/shape.ts';
import { findServices } from '../services/rows.ts';
import { includedTags } from '../tags.ts';

export function describeServices(core: Core) {
  return operation<DescribeServicesRequest, DescribeServicesResponse>({
    name: 'DescribeServices',
    schema: DescribeServices$,
    effect: 'read',
    access: (input, call) => memberAccess('service', input.cluster, input.services, call),
    async handle(input, call) {
      checkInclude(input.include, ['TAGS']);
      const references = input.services ?? [];
      if (references.length === 0) throw invalidParameter('Services cannot be empty.');
      if (references.length > 10) throw invalidParameter('Services cannot have more than 10 entries.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arns = [...new Set(references.map((each) => inClusterArn('service', cluster.arn, each)))];
      const services = (await findServices(core.store, arns)).filter((each) => each.clusterArn === cluster.arn);
      const found = new Set(services.map((each) => each.arn));
      const tags = await includedTags(core.store, input.include, [...found]);
      return {
        services: await shapeServices(core.store, services, tags),
        failures: arns.filter((arn) => !found.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
