// Clusters: rows, lookups, and the counts that their descriptions show.
import type { ClusterConfiguration, ClusterSetting } from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument, writeDocument } from './documents.ts';
import { ecsErrors } from './errors.ts';
import { clusterArnOf, ecsArn, type Place } from './names.ts';
import type { StrategyItem } from './providers/strategy.ts';

export interface ClusterDocument {
  readonly settings: readonly ClusterSetting[];
  readonly configuration?: ClusterConfiguration | undefined;
  /** Names of its capacity providers. */
  readonly capacityProviders?: readonly string[] | undefined;
  readonly defaultStrategy?: readonly StrategyItem[] | undefined;
}

export interface ClusterRecord {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly version: number;
  readonly document: ClusterDocument;
}

interface ClusterRow {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly version: number;
  readonly document: string;
}

function fromRow(row: ClusterRow): ClusterRecord {
  return { ...row, document: readDocument<ClusterDocument>(row.document) };
}

const columns: Sql = sql`arn, account, name, status, version, document`;

export async function findCluster(view: View, arn: string): Promise<ClusterRecord | undefined> {
  const row = await view.get<ClusterRow>(sql`SELECT ${columns} FROM ecs_clusters WHERE arn = ${arn}`);
  return row && fromRow(row);
}

export async function findClusters(view: View, arns: readonly string[]): Promise<ClusterRecord[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<ClusterRow>(
    sql`SELECT ${columns} FROM ecs_clusters WHERE arn IN (${sqlList(arns)}) ORDER BY arn`,
  );
  return rows.map(fromRow);
}

/** The active cluster that `reference` names (`default` where left out). Throws ClusterNotFoundException. */
export async function requireCluster(view: View, place: Place, reference: string | undefined): Promise<ClusterRecord> {
  const arn = clusterArnOf(place, reference);
  const cluster = arn === undefined ? undefined : await findCluster(view, arn);
  if (cluster === undefined) throw ecsErrors.clusterNotFound();
  if (cluster.status !== 'ACTIVE') throw ecsErrors.clusterInactive();
  return cluster;
}

/** Makes the cluster, or makes an inactive one of that name active again. Nothing happens to an active one. */
export function saveNewCluster(place: Place, name: string, document: ClusterDocument, now: number): Step {
  const arn = ecsArn(place, 'cluster', name);
  return {
    sql: sql`INSERT INTO ecs_clusters (arn, account, name, status, document, created_at, version)
      VALUES (${arn}, ${place.account}, ${name}, 'ACTIVE', ${writeDocument(document)}, ${now}, 1)
      ON CONFLICT (arn) DO UPDATE SET status = 'ACTIVE', document = excluded.document,
        version = ecs_clusters.version + 1 WHERE ecs_clusters.status <> 'ACTIVE'`,
  };
}

/** Another document for an active cluster; a conflict if another wrote in between. */
export function replaceClusterDocument(cluster: ClusterRecord, document: ClusterDocument): Step {
  return {
    sql: sql`UPDATE ecs_clusters SET document = ${writeDocument(document)}, version = version + 1
      WHERE arn = ${cluster.arn} AND version = ${cluster.version} AND status = 'ACTIVE'`,
    expect: 1,
  };
}

/** Fails the write unless the cluster is still active: part of every write that puts something into it. */
export function clusterStillActive(arn: string): Step {
  return {
    sql: sql`UPDATE ecs_clusters SET version = version + 1 WHERE arn = ${arn} AND status = 'ACTIVE'`,
    expect: 1,
    otherwise: ecsErrors.clusterInactive,
  };
}

export interface ClusterCounts {
  readonly instances: number;
  readonly running: number;
  readonly pending: number;
  readonly services: number;
}

/** Counts for each cluster, in three queries whatever the number of clusters. */
export async function countClusters(view: View, arns: readonly string[]): Promise<Map<string, ClusterCounts>> {
  if (arns.length === 0) return new Map();
  const list = sqlList(arns);
  interface Count {
    readonly cluster_arn: string;
    readonly status: string;
    readonly n: number;
  }
  const [instances, tasks, services] = await Promise.all([
    view.all<Count>(sql`SELECT cluster_arn, status, COUNT(*) AS n FROM ecs_instances
      WHERE cluster_arn IN (${list}) AND status <> 'INACTIVE' GROUP BY cluster_arn, status`),
    view.all<Count>(sql`SELECT cluster_arn, last_status AS status, COUNT(*) AS n FROM ecs_tasks
      WHERE cluster_arn IN (${list}) AND last_status <> 'STOPPED' GROUP BY cluster_arn, last_status`),
    view.all<Count>(sql`SELECT cluster_arn, status, COUNT(*) AS n FROM ecs_services
      WHERE cluster_arn IN (${list}) AND status <> 'INACTIVE' GROUP BY cluster_arn, status`),
  ]);
  const sum = (counts: readonly Count[], arn: string, ...statuses: readonly string[]) =>
    counts
      .filter((c) => c.cluster_arn === arn && (statuses.length === 0 || statuses.includes(c.status)))
      .reduce((total, c) => total + Number(c.n), 0);
  return new Map(
    arns.map((arn) => [
      arn,
      {
        instances: sum(instances, arn),
        running: sum(tasks, arn, 'RUNNING'),
        pending: sum(tasks, arn, 'PROVISIONING', 'PENDING', 'ACTIVATING'),
        services: sum(services, arn, 'ACTIVE'),
      },
    ]),
  );
}
