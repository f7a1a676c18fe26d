// SubmitAttachmentStateChanges: Longshore attaches nothing to instances or tasks, so there is nothing to note; agents that
// confirm an attachment of an older life are acknowledged.
import {
  SubmitAttachmentStateChanges$,
  type SubmitAttachmentStateChangesRequest,
  type SubmitAttachmentStateChangesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';

export function submitAttachmentStateChanges(core: Core) {
  return operation<SubmitAttachmentStateChangesRequest, SubmitAttachmentStateChangesResponse>({
    name: 'SubmitAttachmentStateChanges',
    schema: SubmitAttachmentStateChanges$,
    effect: 'idempotent',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      if ((input.attachments?.length ?? 0) === 0) throw invalidParameter('attachments cannot be empty.');
      await requireCluster(core.store, placeOf(call), input.cluster);
      return { acknowledgment: call.requestId };
    },
  });
}
