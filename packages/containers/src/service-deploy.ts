// The beginning of a deployment: the deployment itself, its revision and its service deployment, with what they replace.
import type { Step, View } from '@longshore/store';
import type { DefinitionRecord } from './definitions.ts';
import { deploymentEvent } from './events.ts';
import type { Place } from './names.ts';
import {
  insertRevision,
  isOpen,
  newDigits,
  newRevision,
  newRollout,
  type Rollout,
  saveRollout,
} from './service-rollouts.ts';
import { countServiceTasks, type Deployment, type ServiceDocument, type ServiceRecord } from './services.ts';

/** A primary deployment of `definition`, as ECS names them: `ecs-svc/` and nineteen digits. */
export function newDeployment(
  definition: DefinitionRecord,
  revisionArn: string | undefined,
  { loadBalancers, serviceRegistries }: Pick<ServiceDocument, 'loadBalancers' | 'serviceRegistries'>,
  now: number,
): Deployment {
  const id = `ecs-svc/${newDigits()}`;
  return {
    id,
    status: 'PRIMARY',
    definitionArn: definition.arn,
    revisionArn,
    attachments: { loadBalancers, serviceRegistries },
    hasHealthCheck: definition.document.containerDefinitions.some(
      (each) => each.essential && each.healthCheck !== undefined && each.healthCheck.command?.[0] !== 'NONE',
    ),
    createdAt: now,
    updatedAt: now,
    failedTasks: 0,
    failedRounds: 0,
    retryAt: 0,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
  };
}

/** ECS keeps few deployments at once; more than this many old ones are not waited for one by one. */
const maxDeployments = 20;

/** Ends a service deployment that something newer takes the place of. */
export function stopRollout(service: ServiceRecord, reason: string, now: number): Rollout | undefined {
  const { rollout } = service.document;
  if (rollout === undefined || !isOpen(rollout)) return rollout;
  return { ...rollout, status: 'STOPPED', statusReason: reason, updatedAt: now, stoppedAt: now, finishedAt: now };
}

export interface Beginning {
  readonly service: ServiceRecord;
  /** To be written with the service. */
  readonly steps: readonly Step[];
}

/** `service` with a new primary deployment of `definition`; the ones before it give way. */
export async function beginDeployment(
  view: View,
  place: Place,
  service: ServiceRecord,
  definition: DefinitionRecord,
  now: number,
): Promise<Beginning> {
  const { document } = service;
  const [before] = document.deployments;
  const counts = await countServiceTasks(view, [service.arn]);
  const old = document.deployments.map((each): Deployment => ({ ...each, status: 'ACTIVE' }));
  const revision = newRevision(place, service, definition, now);
  const deployment = newDeployment(definition, revision.arn, document, now);
  const sources = old.flatMap((each) => {
    const requested = counts.filter((one) => one.deployment === each.id).reduce((sum, one) => sum + one.count, 0);
    return each.revisionArn === undefined || requested === 0
      ? []
      : [{ revisionArn: each.revisionArn, deploymentId: each.id, requested }];
  });
  const target = { revisionArn: revision.arn, deploymentId: deployment.id };
  const rollout = newRollout(place, service, target, sources, now);
  const stopped = stopRollout(service, 'A newer service deployment took its place.', now);
  const superseded = stopped !== undefined && stopped !== document.rollout ? [saveRollout(service, stopped)] : [];
  return {
    service: {
      ...service,
      definitionArn: definition.arn,
      document: {
        ...document,
        deployments: [deployment, ...old].slice(0, maxDeployments),
        // Services that are older than this field: what had completed is known by its state.
        lastCompleted: document.lastCompleted ?? (before?.rolloutState === 'COMPLETED' ? before : undefined),
        rollout,
        moving: undefined,
        steady: false,
      },
    },
    steps: [
      insertRevision(revision),
      ...superseded,
      saveRollout(service, rollout),
      deploymentEvent(service, now, 'SERVICE_DEPLOYMENT_IN_PROGRESS', deployment),
    ],
  };
}
