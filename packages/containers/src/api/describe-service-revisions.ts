// DescribeServiceRevisions: up to twenty; what is not there is a failure MISSING.
import {
  DescribeServiceRevisions$,
  type DescribeServiceRevisionsRequest,
  type DescribeServiceRevisionsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { arnsAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { ownArns } from '../names.ts';
import { shapeRevision } from '../services/rollout-shape.ts';
import { findRevisions } from '../services/rollouts.ts';

export function describeServiceRevisions(core: Core) {
  return operation<DescribeServiceRevisionsRequest, DescribeServiceRevisionsResponse>({
    name: 'DescribeServiceRevisions',
    schema: DescribeServiceRevisions$,
    effect: 'read',
    access: (input, call) => arnsAccess(input.serviceRevisionArns, call),
    async handle(input, call) {
      const { arns, mine } = ownArns(
        placeOf(call),
        'service-revision',
        'serviceRevisionArns',
        input.serviceRevisionArns,
      );
      const found = await findRevisions(core.store, mine);
      const known = new Set(found.map((each) => each.arn));
      return {
        serviceRevisions: found.map(shapeRevision),
        failures: arns.filter((arn) => !known.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}
