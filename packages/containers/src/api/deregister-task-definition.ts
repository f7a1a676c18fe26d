// DeregisterTaskDefinition: the revision becomes INACTIVE; tasks and services that use it run on.
import {
  DeregisterTaskDefinition$,
  type DeregisterTaskDefinitionRequest,
  type DeregisterTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { definitionAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { findDefinition, shapeDefinition } from '../definitions.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { parseDefinitionReference } from '../names.ts';

export function deregisterTaskDefinition(core: Core) {
  return operation<DeregisterTaskDefinitionRequest, DeregisterTaskDefinitionResponse>({
    name: 'DeregisterTaskDefinition',
    schema: DeregisterTaskDefinition$,
    effect: 'write',
    access: (input, call) => definitionAccess(input.taskDefinition, undefined, call),
    async handle(input, call) {
      const reference = input.taskDefinition ?? '';
      const place = placeOf(call);
      if (parseDefinitionReference(place, reference)?.revision === undefined && !reference.startsWith('arn:'))
        throw invalidParameter(`Name the revision to deregister, as family:revision, not ${reference.slice(0, 260)}.`);
      await core.store.write([
        {
          sql: sql`UPDATE ecs_task_definitions SET status = 'INACTIVE', deregistered_at = ${call.now}
            WHERE arn = ${(await findDefinition(core.store, place, reference))?.arn ?? ''} AND status = 'ACTIVE'`,
        },
      ]);
      const record = await findDefinition(core.store, place, reference);
      if (record === undefined) throw ecsErrors.definitionUnknown();
      return { taskDefinition: shapeDefinition(record) };
    },
  });
}
