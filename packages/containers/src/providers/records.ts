// Capacity providers: rows and lookups. A provider names a group of machines; an instance belongs to it by an attribute that
// its agent registers with, so placement finds it as it finds any attribute.
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import type { Attribute } from '@aws-sdk/client-ecs';
import { parseArn } from '@longshore/base';
import { readDocument, writeDocument } from '../documents.ts';
import { ecsArn, isName, type Place } from '../names.ts';

/** The attribute that says to which capacity provider an instance belongs, by name. */
export const providerAttribute = 'longshore.capacity-provider';
/** The attribute with the machine's id in its group. */
export const machineAttribute = 'longshore.instance-id';

export interface ManagedScaling {
  readonly status: 'ENABLED' | 'DISABLED';
  readonly targetCapacity: number;
  readonly minimumScalingStepSize: number;
  readonly maximumScalingStepSize: number;
  readonly instanceWarmupPeriod: number;
}

export interface ProviderDocument {
  /** As the caller gave it; names the group of machines. */
  readonly autoScalingGroupArn: string;
  readonly managedScaling: ManagedScaling;
  readonly managedTerminationProtection: 'ENABLED' | 'DISABLED';
  readonly managedDraining: 'ENABLED' | 'DISABLED';
  readonly updated: boolean;
}

export interface ProviderRecord {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly version: number;
  readonly document: ProviderDocument;
}

interface ProviderRow {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly version: number;
  readonly document: string;
}

const columns: Sql = sql`arn, account, name, version, document`;

const fromRow = (row: ProviderRow): ProviderRecord => ({
  ...row,
  document: readDocument<ProviderDocument>(row.document),
});

export function providerArn(place: Place, name: string): string {
  return ecsArn(place, 'capacity-provider', name);
}

/** The ARN for a name or an ARN; undefined if it can be none of this account. */
export function providerArnOf(place: Place, reference: string): string | undefined {
  if (!reference.startsWith('arn:')) return isName(reference) ? providerArn(place, reference) : undefined;
  const arn = parseArn(reference);
  const mine = arn?.service === 'ecs' && arn.account === place.account && arn.region === place.region;
  const [kind, name = '', ...rest] = arn?.resource.split('/') ?? [];
  return mine && kind === 'capacity-provider' && rest.length === 0 && isName(name) ? reference : undefined;
}

export async function findProviders(view: View, arns: readonly string[]): Promise<ProviderRecord[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<ProviderRow>(
    sql`SELECT ${columns} FROM ecs_capacity_providers WHERE arn IN (${sqlList(arns)}) ORDER BY arn`,
  );
  return rows.map(fromRow);
}

export async function listProviders(
  view: View,
  account: string,
  after: string,
  limit: number,
): Promise<ProviderRecord[]> {
  const rows = await view.all<ProviderRow>(
    sql`SELECT ${columns} FROM ecs_capacity_providers WHERE account = ${account} AND arn > ${after} ORDER BY arn LIMIT ${limit}`,
  );
  return rows.map(fromRow);
}

/** Every provider of the store; there are few. */
export async function allProviders(view: View): Promise<ProviderRecord[]> {
  return (await view.all<ProviderRow>(sql`SELECT ${columns} FROM ecs_capacity_providers ORDER BY arn`)).map(fromRow);
}

export function insertProvider(provider: ProviderRecord, now: number, otherwise: () => Error): Step {
  return {
    sql: sql`INSERT INTO ecs_capacity_providers (${columns}, created_at) VALUES (${provider.arn}, ${provider.account},
      ${provider.name}, ${provider.version}, ${writeDocument(provider.document)}, ${now})`,
    expect: 1,
    otherwise,
  };
}

export function replaceProvider(before: ProviderRecord, document: ProviderDocument): Step {
  return {
    sql: sql`UPDATE ecs_capacity_providers SET document = ${writeDocument(document)}, version = version + 1
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}

export function deleteProvider(provider: ProviderRecord): Step {
  return {
    sql: sql`DELETE FROM ecs_capacity_providers WHERE arn = ${provider.arn} AND version = ${provider.version}`,
    expect: 1,
  };
}

/** The name of the group in `…:autoScalingGroupName/NAME`, or the text itself. */
export function groupName(autoScalingGroupArn: string): string {
  return autoScalingGroupArn.slice(autoScalingGroupArn.lastIndexOf('/') + 1);
}

export function attributeOf(attributes: readonly Attribute[], name: string): string | undefined {
  return attributes.find((each) => each.name === name)?.value;
}
