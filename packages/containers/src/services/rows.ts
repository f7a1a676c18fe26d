// Services: the record, its rows, and the step that replaces it by compare and set. Events are a column of their own, so
// that the keeper's look over all services does not read them.
import type { StrategyItem } from '../providers/strategy.ts';
import type {
  LoadBalancer,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  ServiceRegistry,
} from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument, writeDocument } from '../documents.ts';
import type { Rollout } from './rollouts.ts';
import type { ShiftingStrategy } from './strategy.ts';

export type ServiceStatus = 'ACTIVE' | 'DRAINING' | 'INACTIVE';

export type RolloutState = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';

export interface Deployment {
  /** `ecs-svc/…`; what its tasks are started by. */
  readonly id: string;
  readonly status: 'PRIMARY' | 'ACTIVE';
  readonly definitionArn: string;
  /** The service revision it brings; absent in deployments that are older than revisions. */
  readonly revisionArn?: string | undefined;
  /** What its tasks are registered with; the service's own in deployments that are older than this field. */
  readonly attachments?: Pick<ServiceDocument, 'loadBalancers' | 'serviceRegistries'> | undefined;
  /** Whether an essential container of the definition has a health check. */
  readonly hasHealthCheck: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Tasks that failed: never reached RUNNING, ended or were found unhealthy before they were healthy. */
  readonly failedTasks: number;
  /** Rounds in a row in which tasks never reached RUNNING; the next start waits until `retryAt`. */
  readonly failedRounds: number;
  readonly retryAt: number;
  /** When the last of those rounds was. */
  readonly failedAt?: number | undefined;
  /** The most tasks of it that were healthy at once. One more is progress: the circuit breaker counts anew. */
  readonly healthyPeak?: number | undefined;
  readonly rolloutState: RolloutState;
  readonly rolloutStateReason: string;
}

export interface CircuitBreaker {
  readonly enable: boolean;
  readonly rollback: boolean;
  readonly resetOnHealthyTask?: boolean | undefined;
  readonly threshold?: { readonly type: 'COUNT' | 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT'; readonly value: number };
}

export interface WatchedAlarms {
  readonly names: readonly string[];
  readonly enable: boolean;
  readonly rollback: boolean;
}

export interface ServiceDocument {
  /** The primary one first. */
  readonly deployments: readonly Deployment[];
  /** REPLICA where absent. */
  readonly schedulingStrategy?: 'REPLICA' | 'DAEMON' | undefined;
  /** ECS where absent. The tasks of an EXTERNAL one are kept by its task sets. */
  readonly deploymentController?: 'ECS' | 'EXTERNAL' | undefined;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly circuitBreaker?: CircuitBreaker | undefined;
  /** Alarms that a deployment watches. */
  readonly alarms?: WatchedAlarms | undefined;
  /** ROLLING where absent. */
  readonly shifting?: ShiftingStrategy | undefined;
  /** DISABLED where absent, as for services that never had it. */
  readonly availabilityZoneRebalancing?: 'ENABLED' | 'DISABLED' | undefined;
  /** Absent for one with a launch type. */
  readonly capacityProviderStrategy?: readonly StrategyItem[] | undefined;
  readonly placementConstraints: readonly PlacementConstraint[];
  readonly placementStrategy: readonly PlacementStrategy[];
  readonly enableExecuteCommand?: boolean | undefined;
  readonly enableECSManagedTags: boolean;
  readonly propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE';
  /** Absent where there are none. */
  readonly loadBalancers?: readonly LoadBalancer[] | undefined;
  readonly serviceRegistries?: readonly ServiceRegistry[] | undefined;
  /** Of a service whose tasks are in awsvpc mode. */
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly healthCheckGracePeriodSeconds?: number | undefined;
  readonly createdBy: string;
  /** Whether the last round found nothing to do and all tasks running. */
  readonly steady: boolean;
  /** The deployment that completed last: what a failed one is rolled back to. */
  readonly lastCompleted?: Deployment | undefined;
  /** The newest service deployment; its row is written whenever this changes. */
  readonly rollout?: Rollout | undefined;
  /** A task that is being moved to another instance: one more than desired until it is healthy. */
  readonly moving?: Move | undefined;
}

export interface Move {
  readonly to: string;
  readonly since: number;
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
    sql: sql`INSERT INTO ecs_services (${columns}, daemon) VALUES (${service.arn}, ${service.account}, ${service.clusterArn},
        ${service.name}, ${service.status}, ${service.launchType}, ${service.definitionArn}, ${service.desiredCount},
        ${service.version}, ${service.createdAt}, ${service.updatedAt}, ${writeDocument(service.document)},
        ${writeDocument(service.events)}, ${service.document.schedulingStrategy === 'DAEMON' ? 1 : 0})
      ON CONFLICT (arn) DO UPDATE SET status = excluded.status, launch_type = excluded.launch_type,
        definition_arn = excluded.definition_arn, desired_count = excluded.desired_count,
        version = ecs_services.version + 1, created_at = excluded.created_at, updated_at = excluded.updated_at,
        document = excluded.document, events = excluded.events, daemon = excluded.daemon
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

/** Fails the write if another wrote the service meanwhile: part of what is done for it without changing its row. */
export function serviceUnchanged(service: ServiceRecord): Step {
  return {
    sql: sql`UPDATE ecs_services SET status = status WHERE arn = ${service.arn} AND version = ${service.version}`,
    expect: 1,
  };
}

export interface TaskCount {
  readonly serviceArn: string;
  readonly deployment: string;
  readonly status: string;
  readonly count: number;
}

/** Tasks that are not STOPPED, by service, deployment and status. One that was given up with its lost instance is not counted. */
export async function countServiceTasks(view: View, arns: readonly string[]): Promise<TaskCount[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<{ service_arn: string; started_by: string; last_status: string; n: number }>(
    sql`SELECT service_arn, started_by, last_status, COUNT(*) AS n FROM ecs_tasks
      WHERE settled = 0 AND service_arn IN (${sqlList(arns)}) AND last_status <> 'STOPPED'
        AND (desired_status = 'RUNNING' OR NOT EXISTS (
          SELECT 1 FROM ecs_instances i WHERE i.arn = instance_arn AND i.lost_at IS NOT NULL))
      GROUP BY service_arn, started_by, last_status`,
  );
  return rows.map((row) => ({
    serviceArn: row.service_arn,
    deployment: row.started_by,
    status: row.last_status,
    count: Number(row.n),
  }));
}
