// The beginning of a deployment: the deployment itself, its revision and its service deployment, with what they replace.
import type { LoadBalancer } from '@aws-sdk/client-ecs';
import type { Step, View } from '@longshore/store';
import type { Core } from '../core.ts';
import type { DefinitionRecord } from '../definitions.ts';
import { deploymentEvent } from '../events.ts';
import { invalidParameter } from '../errors.ts';
import type { Place } from '../names.ts';
import {
  insertRevision,
  isOpen,
  newDigits,
  newRevision,
  newRollout,
  type Rollout,
  saveRollout,
  type Switch,
} from './rollouts.ts';
import { checkShiftingTargets } from './strategy.ts';
import { countServiceTasks, type Deployment, type ServiceDocument, type ServiceRecord } from './rows.ts';

/** A primary deployment of `definition`, as ECS names them: `ecs-svc/` and nineteen digits. */
export function newDeployment(
  definition: DefinitionRecord,
  revisionArn: string | undefined,
  attachments: Deployment['attachments'],
  now: number,
): Deployment {
  const id = `ecs-svc/${newDigits()}`;
  return {
    id,
    status: 'PRIMARY',
    definitionArn: definition.arn,
    revisionArn,
    attachments,
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

/** The target groups of a new revision and of the one that serves now: the two of each load balancer, in turn. */
function switchesOf(document: ServiceDocument, before: Deployment | undefined): Switch[] {
  if (document.shifting === undefined) return [];
  return (document.loadBalancers ?? []).map(({ targetGroupArn = '', advancedConfiguration: advanced }, at) => {
    const alternate = advanced?.alternateTargetGroupArn ?? '';
    const used = before?.attachments?.loadBalancers?.[at]?.targetGroupArn;
    const green = used === targetGroupArn ? alternate : targetGroupArn;
    return {
      productionRule: advanced?.productionListenerRule ?? '',
      testRule: advanced?.testListenerRule,
      green,
      blue: green === alternate ? targetGroupArn : alternate,
    };
  });
}

/** With what the tasks of the new revision are registered. */
function attachmentsOf(
  document: ServiceDocument,
  before: Deployment | undefined,
  switches: readonly Switch[],
): Deployment['attachments'] {
  const loadBalancers = document.loadBalancers?.map((each, at) => {
    // Without a shift the traffic stays with the target group that has it.
    const used = before?.attachments?.loadBalancers?.[at]?.targetGroupArn;
    const alternate = each.advancedConfiguration?.alternateTargetGroupArn;
    const green = switches[at]?.green ?? (used === alternate ? used : undefined);
    return green === undefined ? each : { ...each, targetGroupArn: green };
  });
  return { loadBalancers, serviceRegistries: document.serviceRegistries };
}

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
  const switches = switchesOf(document, before);
  const deployment = newDeployment(definition, revision.arn, attachmentsOf(document, before, switches), now);
  const sources = old.flatMap((each) => {
    const requested = counts.filter((one) => one.deployment === each.id).reduce((sum, one) => sum + one.count, 0);
    return each.revisionArn === undefined || requested === 0
      ? []
      : [{ revisionArn: each.revisionArn, deploymentId: each.id, requested }];
  });
  const target = { revisionArn: revision.arn, deploymentId: deployment.id };
  const rollout: Rollout = {
    ...newRollout(place, service, target, sources, now),
    ...(document.shifting !== undefined && { stage: 'PRE_SCALE_UP', stageSince: now, switches }),
  };
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

/** Whether its traffic is between two revisions. */
export function isShifting(service: ServiceRecord): boolean {
  const { rollout } = service.document;
  return rollout?.stage !== undefined && isOpen(rollout);
}

/** Both target groups of each load balancer must be there. Throws InvalidParameterException. */
export async function checkShifting(
  core: Pick<Core, 'loadBalancing'>,
  account: string,
  loadBalancers: readonly LoadBalancer[],
): Promise<void> {
  checkShiftingTargets(loadBalancers);
  for (const each of loadBalancers) {
    const arn = each.advancedConfiguration?.alternateTargetGroupArn ?? '';
    if ((await core.loadBalancing?.targetGroup(account, arn)) === undefined)
      throw invalidParameter(`The specified target group ${arn} does not exist.`);
  }
}
