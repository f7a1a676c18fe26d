// Services: the record, its rows, and the step that replaces it by compare and set. Events are a column of their own, so
// that the keeper's look over all services does not read them.
import type { LoadBalancer, PlacementConstraint, PlacementStrategy, ServiceRegistry } from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument, writeDocument } from './documents.ts';

export type ServiceStatus = 'ACTIVE' | 'DRAINING' | 'INACTIVE';

export interface Deployment {
  /** `ecs-svc/…`; what its tasks are started by. */
  readonly id: string;
  readonly status: 'PRIMARY' | 'ACTIVE';
  readonly definitionArn: string;
  /** Whether an essential container of the definition has a health check. */
  readonly hasHealthCheck: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Tasks that never reached RUNNING. */
  readonly failedTasks: number;
  /** Rounds in a row in which tasks failed so; the next start waits until `retryAt`. */
  readonly failedRounds: number;
  readonly retryAt: number;
  readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED';
  readonly rolloutStateReason: string;
}

export interface ServiceDocument {
  /** The primary one first. */
  readonly deployments: readonly Deployment[];
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly placementConstraints: readonly PlacementConstraint[];
  readonly placementStrategy: readonly PlacementStrategy[];
  readonly enableECSManagedTags: boolean;
  readonly propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE';
  /** Absent where there are none. */
  readonly loadBalancers?: readonly LoadBalancer[] | undefined;
  readonly serviceRegistries?: readonly ServiceRegistry[] | undefined;
  readonly healthCheckGracePeriodSeconds?: number | undefined;
  readonly createdBy: string;
  /** Whether the last round found nothing to do and all tasks running. */
  readonly steady: boolean;
}

export interface ServiceEvent {
  readonly id: string;
  readonly createdAt: number;
  readonly message: string;
}

export interface ServiceRecord {
  readonly arn: string;
  readonly account: string;
  readonly clusterArn: string;
  readonly name: string;
  readonly status: ServiceStatus;
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly definitionArn: string;
  readonly desiredCount: number;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly document: ServiceDocument;
  /** Newest first; empty where they were not asked for. */
  readonly events: readonly ServiceEvent[];
}

interface ServiceRow {
  readonly arn: string;
  readonly account: string;
  readonly cluster_arn: string;
  readonly name: string;
  readonly status: ServiceStatus;
  readonly launch_type: 'EC2' | 'EXTERNAL';
  readonly definition_arn: string;
  readonly desired_count: number;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly document: string;
  readonly events?: string;
}

const plain: Sql = sql`arn, account, cluster_arn, name, status, launch_type, definition_arn, desired_count, version,
  created_at, updated_at, document`;
const columns: Sql = sql`${plain}, events`;

function fromRow(row: ServiceRow): ServiceRecord {
  return {
    arn: row.arn,
    account: row.account,
    clusterArn: row.cluster_arn,
    name: row.name,
    status: row.status,
    launchType: row.launch_type,
    definitionArn: row.definition_arn,
    desiredCount: row.desired_count,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    document: readDocument<ServiceDocument>(row.document),
    events: row.events === undefined ? [] : readDocument<ServiceEvent[]>(row.events),
  };
}

export async function findServices(view: View, arns: readonly string[]): Promise<ServiceRecord[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<ServiceRow>(sql`SELECT ${columns} FROM ecs_services WHERE arn IN (${sqlList(arns)})`);
  return rows.map(fromRow);
}

export async function findService(view: View, arn: string): Promise<ServiceRecord | undefined> {
  return (await findServices(view, [arn]))[0];
}

/** Every service that is to be kept, without its events. */
export async function keptServices(view: View): Promise<ServiceRecord[]> {
  const rows = await view.all<ServiceRow>(
    sql`SELECT ${plain} FROM ecs_services WHERE status <> 'INACTIVE' ORDER BY arn`,
  );
  return rows.map(fromRow);
}

/** A new service; one of that name that is INACTIVE gives way. A conflict if there is one that is not. */
export function insertService(service: ServiceRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_services (${columns}) VALUES (${service.arn}, ${service.account}, ${service.clusterArn},
        ${service.name}, ${service.status}, ${service.launchType}, ${service.definitionArn}, ${service.desiredCount},
        ${service.version}, ${service.createdAt}, ${service.updatedAt}, ${writeDocument(service.document)},
        ${writeDocument(service.events)})
      ON CONFLICT (arn) DO UPDATE SET status = excluded.status, launch_type = excluded.launch_type,
        definition_arn = excluded.definition_arn, desired_count = excluded.desired_count,
        version = ecs_services.version + 1, created_at = excluded.created_at, updated_at = excluded.updated_at,
        document = excluded.document, events = excluded.events
      WHERE ecs_services.status = 'INACTIVE'`,
    expect: 1,
  };
}

export function replaceService(before: ServiceRecord, after: ServiceRecord): Step {
  return {
    sql: sql`UPDATE ecs_services SET status = ${after.status}, definition_arn = ${after.definitionArn},
        desired_count = ${after.desiredCount}, version = version + 1, updated_at = ${after.updatedAt},
        document = ${writeDocument(after.document)}, events = ${writeDocument(after.events)}
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}

export interface TaskCount {
  readonly serviceArn: string;
  readonly deployment: string;
  readonly status: string;
  readonly count: number;
}

/** Tasks that are not STOPPED, by service, deployment and status. */
export async function countServiceTasks(view: View, arns: readonly string[]): Promise<TaskCount[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<{ service_arn: string; started_by: string; last_status: string; n: number }>(
    sql`SELECT service_arn, started_by, last_status, COUNT(*) AS n FROM ecs_tasks
      WHERE settled = 0 AND service_arn IN (${sqlList(arns)}) AND last_status <> 'STOPPED'
      GROUP BY service_arn, started_by, last_status`,
  );
  return rows.map((row) => ({
    serviceArn: row.service_arn,
    deployment: row.started_by,
    status: row.last_status,
    count: Number(row.n),
  }));
}
