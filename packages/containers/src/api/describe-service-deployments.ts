// DescribeServiceDeployments: up to twenty; what is not there is a failure MISSING.
import {
  DescribeServiceDeployments$,
  type DescribeServiceDeploymentsRequest,
  type DescribeServiceDeploymentsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlList } from '@longshore/store';
import { arnsAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { ownArns } from '../names.ts';
import { shapeRollouts } from '../services/rollout-shape.ts';
import { findRollouts } from '../services/rollouts.ts';

export function describeServiceDeployments(core: Core) {
  return operation<DescribeServiceDeploymentsRequest, DescribeServiceDeploymentsResponse>({
    name: 'DescribeServiceDeployments',
    schema: DescribeServiceDeployments$,
    effect: 'read',
    access: (input, call) => arnsAccess(input.serviceDeploymentArns, call),
    async handle(input, call) {
      const { arns, mine } = ownArns(
        placeOf(call),
        'service-deployment',
        'serviceDeploymentArns',
        input.serviceDeploymentArns,
      );
      const found = mine.length === 0 ? [] : await findRollouts(core.store, sql`arn IN (${sqlList(mine)})`, 20);
      const known = new Set(found.map((each) => each.rollout.arn));
      return {
        serviceDeployments: await shapeRollouts(core.store, found),
        failures: arns.filter((arn) => !known.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
