// Task sets of services with the EXTERNAL deployment controller: rows and lookups. A set is kept as a deployment of its
// own would be; who made it decides how large it is, and which one is primary.
import type { NetworkConfiguration } from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument, writeDocument } from '../documents.ts';
import type { StrategyItem } from '../providers/strategy.ts';
import type { Deployment } from '../services/rows.ts';

export type TaskSetStatus = 'PRIMARY' | 'ACTIVE' | 'DRAINING';

/** How much of the service's desired count. */
export interface Share {
  readonly value: number;
  readonly unit: 'PERCENT';
}

export interface TaskSetDocument {
  readonly externalId?: string | undefined;
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly capacityProviderStrategy?: readonly StrategyItem[] | undefined;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly scale: Share;
  /** What its tasks are started by, what of, how their starts went. */
  readonly deployment: Deployment;
  readonly steady: boolean;
  /** When `steady` changed. */
  readonly steadyAt: number;
}

export interface TaskSetRecord {
  readonly arn: string;
  readonly account: string;
  readonly clusterArn: string;
  readonly serviceArn: string;
  readonly status: TaskSetStatus;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly document: TaskSetDocument;
}

interface Row {
  readonly arn: string;
  readonly account: string;
  readonly cluster_arn: string;
  readonly service_arn: string;
  readonly status: TaskSetStatus;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly document: string;
}

const columns: Sql = sql`arn, account, cluster_arn, service_arn, status, version, created_at, updated_at, document`;

function fromRow(row: Row): TaskSetRecord {
  return {
    arn: row.arn,
    account: row.account,
    clusterArn: row.cluster_arn,
    serviceArn: row.service_arn,
    status: row.status,
    version: Number(row.version),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    document: readDocument<TaskSetDocument>(row.document),
  };
}

/** How many of the service's desired tasks are the set's: its share, rounded up. */
export function wantedOf(set: Pick<TaskSetRecord, 'status' | 'document'>, desiredCount: number): number {
  return set.status === 'DRAINING' ? 0 : Math.ceil((desiredCount * set.document.scale.value) / 100);
}

export async function findTaskSets(view: View, serviceArns: readonly string[]): Promise<TaskSetRecord[]> {
  if (serviceArns.length === 0) return [];
  const rows = await view.all<Row>(
    sql`SELECT ${columns} FROM ecs_task_sets WHERE service_arn IN (${sqlList(serviceArns)}) ORDER BY created_at, arn`,
  );
  return rows.map(fromRow);
}

export async function findTaskSet(view: View, arn: string): Promise<TaskSetRecord | undefined> {
  const row = await view.get<Row>(sql`SELECT ${columns} FROM ecs_task_sets WHERE arn = ${arn}`);
  return row && fromRow(row);
}

export async function allTaskSets(view: View): Promise<TaskSetRecord[]> {
  const rows = await view.all<Row>(sql`SELECT ${columns} FROM ecs_task_sets ORDER BY service_arn, arn`);
  return rows.map(fromRow);
}

export function insertTaskSet(set: TaskSetRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_task_sets (${columns}) VALUES (${set.arn}, ${set.account}, ${set.clusterArn},
      ${set.serviceArn}, ${set.status}, ${set.version}, ${set.createdAt}, ${set.updatedAt},
      ${writeDocument(set.document)})`,
    expect: 1,
  };
}

/** Another status and document; a conflict if another wrote in between. */
export function replaceTaskSet(before: TaskSetRecord, after: TaskSetRecord): Step {
  return {
    sql: sql`UPDATE ecs_task_sets SET status = ${after.status}, version = version + 1, updated_at = ${after.updatedAt},
        document = ${writeDocument(after.document)} WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}

export function deleteTaskSetStep(set: TaskSetRecord): Step {
  return { sql: sql`DELETE FROM ecs_task_sets WHERE arn = ${set.arn} AND version = ${set.version}`, expect: 1 };
}
