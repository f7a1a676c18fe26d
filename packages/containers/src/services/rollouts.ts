// Service deployments and service revisions: the history of a service, a row each. The newest service deployment also
// lies in its service's document, which is compared and set: whoever changes it there writes its row in the same write.
import { createHash } from 'node:crypto';
import { newHexId, newUuid } from '@longshore/base';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument, writeDocument } from '../documents.ts';
import type { DefinitionRecord } from '../definitions.ts';
import { ecsArn, lastPart, type Place } from '../names.ts';
import type { ServiceDocument, ServiceRecord } from './rows.ts';
import type { Stage } from './stages.ts';

export type RolloutStatus =
  | 'IN_PROGRESS'
  | 'SUCCESSFUL'
  | 'STOP_REQUESTED'
  | 'STOPPED'
  | 'ROLLBACK_REQUESTED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_SUCCESSFUL'
  | 'ROLLBACK_FAILED';

/** A revision that had tasks when the service deployment began. */
export interface RolloutSource {
  readonly revisionArn: string;
  readonly deploymentId: string;
  /** Tasks that it had then. */
  readonly requested: number;
}

export interface Rollout {
  readonly arn: string;
  readonly status: RolloutStatus;
  readonly statusReason?: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly finishedAt?: number | undefined;
  readonly stoppedAt?: number | undefined;
  readonly targetRevisionArn: string;
  /** Of the deployment (`ecs-svc/…`) that it brings. */
  readonly deploymentId: string;
  readonly sources: readonly RolloutSource[];
  readonly failureCount: number;
  /** Undefined where the circuit breaker is off. */
  readonly threshold?: number | undefined;
  readonly rollback?: Rollback | undefined;
  /** Alarms that rang before it began: they say nothing of it. Undefined until they were looked at. */
  readonly ignoredAlarms?: readonly string[] | undefined;
  /** Since when it would be complete, had its alarms not to be waited for. */
  readonly bakingSince?: number | undefined;
  /** Alarms that made it fail. */
  readonly triggeredAlarms?: readonly string[] | undefined;
  readonly stage?: Stage | undefined;
  readonly stageSince?: number | undefined;
  readonly switches?: readonly Switch[] | undefined;
  /** How traffic is to be shared, how the load balancer was told to, and when. */
  readonly traffic?: Traffic | undefined;
  readonly applied?: Traffic | undefined;
  readonly appliedAt?: number | undefined;
  readonly pauses?: readonly Pause[] | undefined;
}

/** The same for the same pause, whoever plans it. */
export function newPauseId(rollout: Pick<Rollout, 'arn'>, stage: string, hook: number): string {
  return createHash('sha256').update(`${rollout.arn} ${stage} ${hook}`).digest('hex').slice(0, 32);
}

/** What each rule is to do under `traffic`; `share` is the percent of `green`. */
export function trafficRules(rollout: Pick<Rollout, 'switches'>, traffic: Traffic) {
  return (rollout.switches ?? []).flatMap(({ productionRule, testRule, green, blue }) => [
    ...(testRule === undefined ? [] : [{ rule: testRule, green, blue, share: traffic.test }]),
    { rule: productionRule, green, blue, share: traffic.production },
  ]);
}

/** Percents of the traffic that go to the new revision. */
export interface Traffic {
  readonly production: number;
  readonly test: number;
}

/** A hook at which the deployment waits or waited. */
export interface Pause {
  readonly id: string;
  /** Its place among the service's hooks. */
  readonly hook: number;
  readonly stage: string;
  readonly status: 'AWAITING_ACTION' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  readonly expiresAt: number;
  readonly action: 'CONTINUE' | 'ROLLBACK';
}

/** Listeners' rules and the target groups of both revisions. */
export interface Switch {
  readonly productionRule: string;
  readonly testRule?: string | undefined;
  readonly green: string;
  readonly blue: string;
}

export interface Rollback {
  readonly reason: string;
  readonly startedAt: number;
  readonly revisionArn: string;
}

export interface RevisionDocument {
  readonly definitionArn: string;
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly loadBalancers?: ServiceDocument['loadBalancers'];
  readonly serviceRegistries?: ServiceDocument['serviceRegistries'];
  readonly images: readonly { readonly containerName: string; readonly image: string }[];
}

export interface RevisionRecord {
  readonly arn: string;
  readonly serviceArn: string;
  readonly clusterArn: string;
  readonly createdAt: number;
  readonly document: RevisionDocument;
}

export interface RolloutRecord {
  readonly serviceArn: string;
  readonly clusterArn: string;
  readonly rollout: Rollout;
}

const open: ReadonlySet<RolloutStatus> = new Set([
  'IN_PROGRESS',
  'STOP_REQUESTED',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
]);

export function isOpen(rollout: Pick<Rollout, 'status'>): boolean {
  return open.has(rollout.status);
}

/** Nineteen digits, as ECS numbers deployments and revisions. */
export function newDigits(): string {
  return BigInt(`0x${newUuid().replaceAll('-', '').slice(0, 16)}`)
    .toString()
    .padStart(19, '1')
    .slice(0, 19);
}

function placeIn(service: Pick<ServiceRecord, 'clusterArn' | 'name'>): string {
  return `${lastPart(service.clusterArn)}/${service.name}`;
}

export function newRevision(
  place: Place,
  service: Pick<ServiceRecord, 'arn' | 'clusterArn' | 'name' | 'launchType' | 'document'>,
  definition: DefinitionRecord,
  now: number,
): RevisionRecord {
  return {
    arn: ecsArn(place, 'service-revision', `${placeIn(service)}/${newDigits()}`),
    serviceArn: service.arn,
    clusterArn: service.clusterArn,
    createdAt: now,
    document: {
      definitionArn: definition.arn,
      launchType: service.launchType,
      loadBalancers: service.document.loadBalancers,
      serviceRegistries: service.document.serviceRegistries,
      images: definition.document.containerDefinitions.map(({ name = '', image = '' }) => ({
        containerName: name,
        image,
      })),
    },
  };
}

export function newRollout(
  place: Place,
  service: Pick<ServiceRecord, 'clusterArn' | 'name'>,
  target: { readonly revisionArn: string; readonly deploymentId: string },
  sources: readonly RolloutSource[],
  now: number,
): Rollout {
  return {
    arn: ecsArn(place, 'service-deployment', `${placeIn(service)}/${newHexId().slice(0, 21)}`),
    status: 'IN_PROGRESS',
    createdAt: now,
    updatedAt: now,
    targetRevisionArn: target.revisionArn,
    deploymentId: target.deploymentId,
    sources,
    failureCount: 0,
  };
}

export function insertRevision(revision: RevisionRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_service_revisions (arn, service_arn, cluster_arn, created_at, document)
      VALUES (${revision.arn}, ${revision.serviceArn}, ${revision.clusterArn}, ${revision.createdAt},
        ${writeDocument(revision.document)})`,
    expect: 1,
  };
}

/** Writes the service deployment's row: part of the write that sets it in the service, so never without that. */
export function saveRollout(service: Pick<ServiceRecord, 'arn' | 'clusterArn'>, rollout: Rollout): Step {
  return {
    sql: sql`INSERT INTO ecs_service_deployments (arn, service_arn, cluster_arn, status, created_at, document)
      VALUES (${rollout.arn}, ${service.arn}, ${service.clusterArn}, ${rollout.status}, ${rollout.createdAt},
        ${writeDocument(rollout)})
      ON CONFLICT (arn) DO UPDATE SET status = excluded.status, document = excluded.document`,
  };
}

export async function findRevisions(view: View, arns: readonly string[]): Promise<RevisionRecord[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<{
    arn: string;
    service_arn: string;
    cluster_arn: string;
    created_at: number;
    document: string;
  }>(sql`SELECT arn, service_arn, cluster_arn, created_at, document FROM ecs_service_revisions
      WHERE arn IN (${sqlList(arns)})`);
  return rows.map((row) => ({
    arn: row.arn,
    serviceArn: row.service_arn,
    clusterArn: row.cluster_arn,
    createdAt: row.created_at,
    document: readDocument<RevisionDocument>(row.document),
  }));
}

export async function findRollouts(view: View, where: Sql, limit: number): Promise<RolloutRecord[]> {
  const rows = await view.all<{ service_arn: string; cluster_arn: string; document: string }>(
    sql`SELECT service_arn, cluster_arn, document FROM ecs_service_deployments WHERE ${where}
      ORDER BY created_at DESC, arn LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    serviceArn: row.service_arn,
    clusterArn: row.cluster_arn,
    rollout: readDocument<Rollout>(row.document),
  }));
}
