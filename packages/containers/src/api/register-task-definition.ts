// RegisterTaskDefinition: checks, completes, and stores a new revision of the family.
import {
  RegisterTaskDefinition$,
  type RegisterTaskDefinitionRequest,
  type RegisterTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { type CallContext, operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { normalDefinition } from '../definition/normalize.ts';
import { referencesOf, secretArnOf } from '../definition/secrets.ts';
import {
  type DefinitionDocument,
  type DefinitionRecord,
  insertDefinition,
  nextRevision,
  shapeDefinition,
} from '../definitions.ts';
import { clientError } from '../errors.ts';
import { accountOfArn, ecsArn } from '../names.ts';
import { authorizeRoles } from '../role-access.ts';
import { authorizeTags } from '../tag-access.ts';
import { readTags, tagSteps } from '../tags.ts';

/** The largest revision that ECS gives. */
const lastRevision = 2_147_483_647;

/**
 * Agents fetch secrets with their own right where no execution role gives one, so that whoever names a secret in a
 * definition could read it through a task: only those may name it who may read it.
 */
async function authorizeSecrets(document: DefinitionDocument, call: CallContext): Promise<void> {
  const named = document.containerDefinitions.flatMap(referencesOf).flatMap((each) => secretArnOf(each) ?? []);
  if (named.length === 0) return;
  const resources = [...new Set(named)].map((arn) => ({ arn, account: accountOfArn(arn, call.principal.account) }));
  await call.authorize({ action: 'secretsmanager:GetSecretValue', resources });
}

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
      await authorizeSecrets(document, call);
      await authorizeRoles(call, [input.taskRoleArn, input.executionRoleArn]);
      await authorizeTags(core, call, 'RegisterTaskDefinition', tags, [
        ecsArn(place, 'task-definition', `${family}:*`),
      ]);
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
