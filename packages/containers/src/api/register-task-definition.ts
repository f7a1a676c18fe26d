// RegisterTaskDefinition: checks, completes, and stores a new revision of the family.
import {
  RegisterTaskDefinition$,
  type RegisterTaskDefinitionRequest,
  type RegisterTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { normalDefinition } from '../definition/normalize.ts';
import { type DefinitionRecord, insertDefinition, nextRevision, shapeDefinition } from '../definitions.ts';
import { clientError } from '../errors.ts';
import { ecsArn } from '../names.ts';
import { readTags, tagSteps } from '../tags.ts';

/** The largest revision that ECS gives. */
const lastRevision = 2_147_483_647;

export function registerTaskDefinition(core: Core) {
  return operation<RegisterTaskDefinitionRequest, RegisterTaskDefinitionResponse>({
    name: 'RegisterTaskDefinition',
    schema: RegisterTaskDefinition$,
    effect: 'write',
    access: anyAccess,
    async handle(input, call) {
      const tags = readTags(input.tags);
      const document = normalDefinition(input);
      const family = input.family ?? '';
      const place = placeOf(call);
      const record = await core.store.update(async (view) => {
        const revision = await nextRevision(view, place, family);
        if (revision > lastRevision)
          throw clientError(`The family ${family} has no revision left. Use another family.`);
        const arn = ecsArn(place, 'task-definition', `${family}:${revision}`);
        const result: DefinitionRecord = {
          arn,
          account: place.account,
          family,
          revision,
          status: 'ACTIVE',
          registeredAt: call.now,
          registeredBy: call.principal.arn,
          deregisteredAt: undefined,
          document,
        };
        return { steps: [insertDefinition(result), ...tagSteps(arn, tags)], result };
      });
      return { taskDefinition: shapeDefinition(record), tags };
    },
  });
}
