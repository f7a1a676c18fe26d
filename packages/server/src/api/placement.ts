// Longshore's own operation that says why tasks find no room.
import { AwsError, type AnyOperation, operation } from '@longshore/aws';
import type { Containers } from '@longshore/containers';
import { z } from 'zod';
import { jsonSchema } from './json-schema.ts';
import { ownResource } from './own-access.ts';

const reference = z.string().min(1).max(2048).optional();
const whyInput = z.object({ cluster: reference, task: reference, service: reference, taskDefinition: reference });
type Answer = NonNullable<Awaited<ReturnType<Containers['explain']>>>;

export function placementOperations(containers: Pick<Containers, 'explain'>): readonly AnyOperation[] {
  return [
    operation<z.infer<typeof whyInput>, Answer>({
      name: 'ExplainPlacement',
      schema: jsonSchema(whyInput),
      effect: 'read',
      access: ownResource('placement'),
      async handle(input, call) {
        const named = [input.task, input.service, input.taskDefinition].filter((each) => each !== undefined);
        if (named.length !== 1)
          throw new AwsError('InvalidParameterException', 'Name one of task, service and taskDefinition.');
        const answer = await containers.explain(call.principal.account, input);
        if (answer === undefined)
          throw new AwsError('ResourceNotFoundException', `There is no ${named[0]?.slice(0, 200)} in that cluster.`);
        return answer;
      },
    }),
  ];
}
