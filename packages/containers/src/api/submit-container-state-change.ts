// SubmitContainerStateChange: the same for one container, as older agents send it.
import {
  SubmitContainerStateChange$,
  type SubmitContainerStateChangeRequest,
  type SubmitContainerStateChangeResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { readBindings, readReason, takeReport } from '../reports.ts';

export function submitContainerStateChange(core: Core) {
  return operation<SubmitContainerStateChangeRequest, SubmitContainerStateChangeResponse>({
    name: 'SubmitContainerStateChange',
    schema: SubmitContainerStateChange$,
    effect: 'idempotent',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      if (!input.containerName) throw invalidParameter('containerName must not be empty.');
      const container = {
        name: input.containerName,
        status: input.status,
        exitCode: input.exitCode,
        reason: readReason(input.reason),
        runtimeId: input.runtimeId?.slice(0, 255),
        networkBindings: readBindings(input.networkBindings),
      };
      await takeReport(core, placeOf(call), input.cluster, input.task, { containers: [container] }, call.now);
      return { acknowledgment: call.requestId };
    },
  });
}
