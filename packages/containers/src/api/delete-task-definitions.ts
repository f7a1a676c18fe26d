// DeleteTaskDefinitions: INACTIVE revisions, up to ten. They are DELETE_IN_PROGRESS until nothing uses them any more.
import {
  DeleteTaskDefinitions$,
  type DeleteTaskDefinitionsRequest,
  type DeleteTaskDefinitionsResponse,
  type Failure,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { definitionAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { type DefinitionRecord, findDefinition, replaceDefinitionStatus, shapeDefinition } from '../definitions.ts';
import { invalidParameter } from '../errors.ts';
import { ecsArn, parseDefinitionReference } from '../names.ts';

const stillActive =
  'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';

export function deleteTaskDefinitions(core: Core) {
  return operation<DeleteTaskDefinitionsRequest, DeleteTaskDefinitionsResponse>({
    name: 'DeleteTaskDefinitions',
    schema: DeleteTaskDefinitions$,
    effect: 'write',
    access: (input, call) => ({
      resources: (input.taskDefinitions ?? [])
        .slice(0, 10)
        .flatMap((each) => definitionAccess(each, undefined, call).resources),
    }),
    async handle(input, call) {
      const references = [...new Set(input.taskDefinitions ?? [])];
      if (references.length === 0) throw invalidParameter('Task definitions cannot be empty.');
      if (references.length > 10) throw invalidParameter('Task definitions cannot have more than 10 entries.');
      const place = placeOf(call);
      for (const reference of references)
        if (!reference.startsWith('arn:') && parseDefinitionReference(place, reference)?.revision === undefined)
          throw invalidParameter(`Name the revision to delete, as family:revision, not ${reference.slice(0, 260)}.`);
      const { deleted, failures } = await core.store.update(async (view) => {
        const found: DefinitionRecord[] = [];
        const failed: Failure[] = [];
        for (const reference of references) {
          const record = await findDefinition(view, place, reference);
          const arn = reference.startsWith('arn:') ? reference : ecsArn(place, 'task-definition', reference);
          if (record === undefined) failed.push({ arn, reason: 'MISSING' });
          else if (record.status === 'ACTIVE') failed.push({ arn: record.arn, reason: stillActive });
          else found.push(record);
        }
        const news = found
          .filter((each) => each.status === 'INACTIVE')
          .map((before) => {
            const document = { ...before.document, deleteRequestedAt: call.now };
            return { before, after: { ...before, status: 'DELETE_IN_PROGRESS' as const, document } };
          });
        const after = new Map(news.map((each) => [each.before.arn, each.after]));
        const result = { deleted: found.map((each) => after.get(each.arn) ?? each), failures: failed };
        return { steps: news.map((each) => replaceDefinitionStatus(each.before, each.after)), result };
      });
      return { taskDefinitions: deleted.map(shapeDefinition), failures };
    },
  });
}
