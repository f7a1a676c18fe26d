// UpdateTaskProtection: protects up to ten tasks of services from scaling in and from deployments, for two hours or as
// long as is said, or takes that back.
import {
  UpdateTaskProtection$,
  type UpdateTaskProtectionRequest,
  type UpdateTaskProtectionResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { findProtections, protectionFailure, protectStep, shapeProtection } from '../protection.ts';

const usualMinutes = 120;
const mostMinutes = 2880;

function readMinutes(input: UpdateTaskProtectionRequest): number {
  const minutes = input.expiresInMinutes;
  if (minutes === undefined) return usualMinutes;
  if (!input.protectionEnabled) throw invalidParameter('expiresInMinutes is for protectionEnabled true.');
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > mostMinutes)
    throw invalidParameter(`expiresInMinutes must be between 1 and ${mostMinutes}.`);
  return minutes;
}

export function updateTaskProtection(core: Core) {
  return operation<UpdateTaskProtectionRequest, UpdateTaskProtectionResponse>({
    name: 'UpdateTaskProtection',
    schema: UpdateTaskProtection$,
    effect: 'write',
    access: (input, call) => memberAccess('task', input.cluster, input.tasks, call),
    async handle(input, call) {
      const references = input.tasks ?? [];
      if (references.length === 0) throw invalidParameter('Tasks cannot be empty.');
      if (references.length > 10) throw invalidParameter('Tasks cannot have more than 10 entries.');
      if (input.protectionEnabled === undefined) throw invalidParameter('protectionEnabled must be given.');
      const minutes = readMinutes(input);
      const until = input.protectionEnabled ? call.now + minutes * 60_000 : 0;
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arns = [...new Set(references.map((each) => inClusterArn('task', cluster.arn, each)))];
      const failures = await core.store.update(async (view) => {
        const known = await findProtections(view, arns);
        const result = arns.flatMap((arn) => {
          const failure = protectionFailure(arn, cluster.arn, known.get(arn));
          if (failure !== undefined) return failure;
          return known.get(arn)?.stopping
            ? { arn, reason: 'TASK_NOT_VALID', detail: 'The specified task is already being stopped.' }
            : [];
        });
        const failed = new Set(result.map((each) => each.arn));
        const steps = arns.filter((arn) => !failed.has(arn)).map((arn) => protectStep(arn, until));
        return { steps, result };
      });
      core.wakeKeeper();
      const failed = new Set(failures.map((each) => each.arn));
      return {
        protectedTasks: arns.filter((arn) => !failed.has(arn)).map((arn) => shapeProtection(arn, until, call.now)),
        failures,
      };
    },
  });
}
