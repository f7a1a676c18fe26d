// What the keeper reads of tasks: only the columns that its plan needs.
import { type Sql, sql, type View } from '@longshore/store';
import type { ServiceDocument, ServiceRecord } from '../services/rows.ts';
import type { DesiredStatus, Health, TaskStatus } from '../tasks.ts';
import type { WatchedNow } from './alarms.ts';
import type { KeptService, KeptTask } from './types.ts';

interface KeptRow {
  readonly arn: string;
  readonly service_arn: string;
  readonly started_by: string;
  readonly instance_arn: string;
  readonly last_status: TaskStatus;
  readonly desired_status: DesiredStatus;
  readonly health_status: Health;
  readonly started_at: number | null;
  readonly stopped_at: number | null;
  readonly created_at: number;
  readonly stop_code: string;
  readonly target_health: KeptTask['targetHealth'];
  readonly protected_until: number;
  readonly lost: number;
  readonly instance_status: string | null;
}

/** Unsettled tasks by service: of one, or of all. Their zones are not looked up: see `withZones`. */
export async function readKeptTasks(view: View, serviceArn?: string): Promise<Map<string, KeptTask[]>> {
  const where: Sql =
    serviceArn === undefined ? sql`t.settled = 0` : sql`t.settled = 0 AND t.service_arn = ${serviceArn}`;
  const rows = await view.all<KeptRow>(
    sql`SELECT t.arn, t.service_arn, t.started_by, t.instance_arn, t.last_status, t.desired_status, t.health_status,
        t.started_at, t.stopped_at, t.created_at, t.stop_code, t.target_health,
        t.protected_until, i.status AS instance_status,
        CASE WHEN i.lost_at IS NULL THEN 0 ELSE 1 END AS lost
      FROM ecs_tasks t LEFT JOIN ecs_instances i ON i.arn = t.instance_arn WHERE ${where} ORDER BY t.arn`,
  );
  const byService = new Map<string, KeptTask[]>();
  for (const row of rows) {
    const tasks = byService.get(row.service_arn) ?? [];
    byService.set(row.service_arn, tasks);
    tasks.push({
      arn: row.arn,
      deploymentId: row.started_by,
      instanceArn: row.instance_arn,
      lastStatus: row.last_status,
      desiredStatus: row.desired_status,
      healthStatus: row.health_status,
      startedAt: row.started_at ?? undefined,
      stoppedAt: row.stopped_at ?? undefined,
      createdAt: row.created_at,
      stopCode: row.stop_code,
      targetHealth: row.target_health,
      draining: row.instance_status === 'DRAINING',
      lost: Number(row.lost) === 1,
      protectedUntil: Number(row.protected_until),
      zone: '',
    });
  }
  return byService;
}

/** Within zones only where the service's strategy is not to fill instances. */
function balanceOf(document: ServiceDocument): KeptService['balance'] {
  if (document.availabilityZoneRebalancing !== 'ENABLED' || document.schedulingStrategy === 'DAEMON') return 'none';
  const [, next] = document.placementStrategy;
  const spreads = next?.type === 'spread' && next.field === 'instanceId';
  return document.placementStrategy.length === 0 || spreads ? 'instances' : 'zones';
}

/** `watched` are the service's alarms; undefined where none are watched. */
export function keptService(service: ServiceRecord, watched?: WatchedNow): KeptService {
  const { document } = service;
  return {
    status: service.status,
    strategy: document.schedulingStrategy ?? 'REPLICA',
    external: document.deploymentController === 'EXTERNAL',
    desiredCount: service.desiredCount,
    minimumHealthyPercent: document.minimumHealthyPercent,
    maximumPercent: document.maximumPercent,
    graceMs: (document.healthCheckGracePeriodSeconds ?? 0) * 1000,
    circuitBreaker: document.circuitBreaker,
    shifting: document.shifting,
    alarms: watched && { ...watched, rollback: document.alarms?.rollback ?? false },
    deployments: document.deployments,
    lastCompleted: document.lastCompleted,
    rollout: document.rollout,
    moving: document.moving,
    balance: balanceOf(document),
    steady: document.steady,
  };
}
