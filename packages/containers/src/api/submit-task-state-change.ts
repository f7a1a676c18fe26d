// SubmitTaskStateChange: an agent tells of a task and its containers. Harmless when repeated, late or out of order.
import {
  SubmitTaskStateChange$,
  type SubmitTaskStateChangeRequest,
  type SubmitTaskStateChangeResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { readBindings, readReason, takeReport } from '../reports.ts';

export function submitTaskStateChange(core: Core) {
  return operation<SubmitTaskStateChangeRequest, SubmitTaskStateChangeResponse>({
    name: 'SubmitTaskStateChange',
    schema: SubmitTaskStateChange$,
    effect: 'idempotent',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const containers = input.containers ?? [];
      if (containers.length > 20) throw invalidParameter('At most 20 containers a report are allowed.');
      const status = input.status || undefined;
      if (status !== undefined && !['PENDING', 'RUNNING', 'STOPPED'].includes(status))
        throw invalidParameter(`A task can be reported PENDING, RUNNING or STOPPED, not ${status.slice(0, 40)}.`);
      const report = {
        status,
        reason: readReason(input.reason),
        containers: containers.map((each) => ({
          name: each.containerName ?? '',
          status: each.status,
          exitCode: each.exitCode,
          reason: readReason(each.reason),
          runtimeId: each.runtimeId?.slice(0, 255),
          imageDigest: each.imageDigest?.slice(0, 255),
          networkBindings: readBindings(each.networkBindings),
        })),
        pullStartedAt: input.pullStartedAt?.getTime(),
        pullStoppedAt: input.pullStoppedAt?.getTime(),
        executionStoppedAt: input.executionStoppedAt?.getTime(),
      };
      await takeReport(core, placeOf(call), input.cluster, input.task, report, call.now);
      return { acknowledgment: call.requestId };
    },
  });
}
