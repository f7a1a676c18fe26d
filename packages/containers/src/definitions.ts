// Task definitions: rows, lookups, and the shape that the API shows.
import type { NetworkMode, TaskDefinition } from '@aws-sdk/client-ecs';
import { type Sql, sql, sqlList, type Step, type View } from '@longshore/store';
import { dateOf, readDocument, writeDocument } from './documents.ts';
import { ecsErrors } from './errors.ts';
import { ecsArn, parseDefinitionReference, type Place } from './names.ts';

export type DefinitionDocument = Pick<
  TaskDefinition,
  | 'taskRoleArn'
  | 'executionRoleArn'
  | 'volumes'
  | 'requiresAttributes'
  | 'compatibilities'
  | 'requiresCompatibilities'
  | 'runtimePlatform'
  | 'cpu'
  | 'memory'
  | 'pidMode'
  | 'ipcMode'
  | 'placementConstraints'
> & {
  readonly containerDefinitions: NonNullable<TaskDefinition['containerDefinitions']>;
  readonly networkMode: NetworkMode;
  /** Whether the caller named the mode; ECS shows it only then. */
  readonly networkModeGiven: boolean;
  /** When its deletion was asked for. */
  readonly deleteRequestedAt?: number;
};

/** DELETED rows stay, empty: they keep a revision's number from being given again. No lookup finds them. */
export type DefinitionStatus = 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';

export interface DefinitionRecord {
  readonly arn: string;
  readonly account: string;
  readonly family: string;
  readonly revision: number;
  readonly status: DefinitionStatus;
  readonly registeredAt: number;
  readonly registeredBy: string;
  readonly deregisteredAt: number | undefined;
  readonly document: DefinitionDocument;
}

interface DefinitionRow {
  readonly arn: string;
  readonly account: string;
  readonly family: string;
  readonly revision: number;
  readonly status: DefinitionStatus;
  readonly document: string;
  readonly registered_at: number;
  readonly registered_by: string;
  readonly deregistered_at: number | null;
}

const columns: Sql = sql`arn, account, family, revision, status, document, registered_at, registered_by, deregistered_at`;

function fromRow(row: DefinitionRow): DefinitionRecord {
  return {
    arn: row.arn,
    account: row.account,
    family: row.family,
    revision: row.revision,
    status: row.status,
    registeredAt: row.registered_at,
    registeredBy: row.registered_by,
    deregisteredAt: row.deregistered_at ?? undefined,
    document: readDocument<DefinitionDocument>(row.document),
  };
}

export async function findDefinitionByArn(view: View, arn: string): Promise<DefinitionRecord | undefined> {
  const row = await view.get<DefinitionRow>(
    sql`SELECT ${columns} FROM ecs_task_definitions WHERE arn = ${arn} AND status <> 'DELETED'`,
  );
  return row && fromRow(row);
}

export async function findDefinitionsByArn(
  view: View,
  arns: readonly string[],
): Promise<Map<string, DefinitionRecord>> {
  if (arns.length === 0) return new Map();
  const rows = await view.all<DefinitionRow>(
    sql`SELECT ${columns} FROM ecs_task_definitions WHERE arn IN (${sqlList([...new Set(arns)])})
      AND status <> 'DELETED'`,
  );
  return new Map(rows.map((row) => [row.arn, fromRow(row)]));
}

/** What `family`, `family:revision` or an ARN means now: the revision named, or the latest active one. */
export async function findDefinition(
  view: View,
  place: Place,
  reference: string,
): Promise<DefinitionRecord | undefined> {
  const parsed = parseDefinitionReference(place, reference);
  if (parsed === undefined) return undefined;
  if (parsed.revision !== undefined)
    return findDefinitionByArn(view, ecsArn(place, 'task-definition', `${parsed.family}:${parsed.revision}`));
  const row = await view.get<DefinitionRow>(
    sql`SELECT ${columns} FROM ecs_task_definitions
      WHERE account = ${place.account} AND family = ${parsed.family} AND status = 'ACTIVE'
      ORDER BY revision DESC LIMIT 1`,
  );
  return row && fromRow(row);
}

/** The definition to run tasks of. Throws ClientException if it is missing or inactive. */
export async function requireDefinition(
  view: View,
  place: Place,
  reference: string | undefined,
): Promise<DefinitionRecord> {
  const found = reference ? await findDefinition(view, place, reference) : undefined;
  if (found === undefined) throw ecsErrors.definitionNotFound();
  if (found.status !== 'ACTIVE') throw ecsErrors.definitionInactive();
  return found;
}

export async function nextRevision(view: View, place: Place, family: string): Promise<number> {
  const row = await view.get<{ last: number | null }>(
    sql`SELECT MAX(revision) AS last FROM ecs_task_definitions WHERE account = ${place.account} AND family = ${family}`,
  );
  return Number(row?.last ?? 0) + 1;
}

/** Two who register at once get two revisions: the second's insert conflicts, and it plans again. */
export function insertDefinition(record: DefinitionRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_task_definitions (${columns}) VALUES (${record.arn}, ${record.account}, ${record.family},
      ${record.revision}, ${record.status}, ${writeDocument(record.document)}, ${record.registeredAt},
      ${record.registeredBy}, ${record.deregisteredAt ?? null})`,
    expect: 1,
  };
}

/** Another status and document; a conflict if another wrote in between. */
export function replaceDefinitionStatus(before: DefinitionRecord, after: DefinitionRecord): Step {
  return {
    sql: sql`UPDATE ecs_task_definitions SET status = ${after.status}, document = ${writeDocument(after.document)},
        deregistered_at = ${after.deregisteredAt ?? null}
      WHERE arn = ${before.arn} AND status = ${before.status}`,
    expect: 1,
  };
}

export function shapeDefinition(record: DefinitionRecord): TaskDefinition {
  const { networkModeGiven, networkMode, deleteRequestedAt, ...document } = record.document;
  return {
    taskDefinitionArn: record.arn,
    family: record.family,
    revision: record.revision,
    status: record.status,
    ...document,
    ...(networkModeGiven && { networkMode }),
    placementConstraints: record.document.placementConstraints ?? [],
    registeredAt: dateOf(record.registeredAt),
    registeredBy: record.registeredBy,
    deregisteredAt: dateOf(record.deregisteredAt),
    deleteRequestedAt: dateOf(deleteRequestedAt),
  };
}
