// What the operations on task sets have in common: the service and the set that are meant, and what must be allowed.
import type { Scale } from '@aws-sdk/client-ecs';
import type { AccessRequest, CallContext } from '@longshore/aws';
import type { View } from '@longshore/store';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { accountOfArn, clusterArnOf, ecsArn, inClusterArn, lastPart, type Place } from '../names.ts';
import { findService, type ServiceRecord } from '../services/rows.ts';
import { findTaskSet, type Share, type TaskSetRecord } from './rows.ts';

interface Named {
  readonly cluster?: string | undefined;
  readonly service?: string | undefined;
}

/** `task-set/CLUSTER/SERVICE/ecs-svc/DIGITS` of an id or an ARN. */
export function taskSetArn(place: Place, serviceArn: string, reference: string): string {
  if (reference.startsWith('arn:')) return reference;
  const inService = serviceArn.slice(serviceArn.indexOf(':service/') + ':service/'.length);
  return ecsArn(place, 'task-set', `${inService}/${reference}`);
}

export function taskSetAccess(
  input: Named,
  references: readonly (string | undefined)[] | undefined,
  call: CallContext,
): AccessRequest {
  const place = placeOf(call);
  const clusterArn = clusterArnOf(place, input.cluster) ?? ecsArn(place, 'cluster', '*');
  const serviceArn = inClusterArn('service', clusterArn, input.service ?? '*');
  const given = (references ?? []).slice(0, 100).filter((each) => each !== undefined);
  const arns = (given.length > 0 ? given : ['*']).map((each) => taskSetArn(place, serviceArn, each));
  return {
    resources: arns.map((arn) => ({ arn, account: accountOfArn(arn, call.principal.account) })),
    context: { 'ecs:cluster': clusterArn, 'ecs:service': serviceArn },
  };
}

/** An active service whose tasks are kept by task sets. */
export async function requireExternalService(
  core: Pick<Core, 'store'>,
  view: View,
  input: Named,
  call: CallContext,
): Promise<ServiceRecord> {
  const cluster = await requireCluster(view, placeOf(call), input.cluster);
  const service = await findService(view, inClusterArn('service', cluster.arn, input.service ?? ''));
  if (service === undefined || service.clusterArn !== cluster.arn) throw ecsErrors.serviceNotFound();
  if (service.status !== 'ACTIVE') throw ecsErrors.serviceNotActive();
  if (service.document.deploymentController !== 'EXTERNAL')
    throw invalidParameter(
      `The service ${lastPart(service.arn)} has not the EXTERNAL deployment controller: use UpdateService.`,
    );
  return service;
}

export async function requireTaskSet(
  view: View,
  service: ServiceRecord,
  reference: string | undefined,
  call: CallContext,
): Promise<TaskSetRecord> {
  const set = await findTaskSet(view, taskSetArn(placeOf(call), service.arn, reference ?? ''));
  if (set === undefined || set.serviceArn !== service.arn) throw ecsErrors.taskSetNotFound();
  return set;
}

/** A share of the service's desired count. All of it where left out. */
export function readScale(scale: Scale | undefined): Share {
  const { value = 100, unit = 'PERCENT' } = scale ?? {};
  if (unit !== 'PERCENT') throw invalidParameter('scale.unit must be PERCENT.');
  if (!(value >= 0 && value <= 100)) throw invalidParameter('scale.value must be between 0 and 100.');
  return { value, unit };
}
