// Target groups' rows, and what uses them.
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import type { TargetGroup } from './types.ts';

interface Row {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly document: string;
  readonly created_at: number;
  readonly version: number;
}

type Document = Omit<TargetGroup, 'arn' | 'account' | 'name' | 'createdAt' | 'version'>;

const columns: Sql = sql`arn, account, name, document, created_at, version`;

function fromRow(row: Row): TargetGroup {
  const { arn, account, name, version } = row;
  return {
    arn,
    account,
    name,
    version,
    createdAt: row.created_at,
    ...(JSON.parse(row.document) as Document & { vpcId: string | undefined }),
  };
}

function documentOf({ protocol, port, targetType, vpcId, health, attributes }: TargetGroup): string {
  return JSON.stringify({ protocol, port, targetType, vpcId, health, attributes });
}

export async function findTargetGroups(view: View, where: Sql): Promise<TargetGroup[]> {
  const rows = await view.all<Row>(sql`SELECT ${columns} FROM elb_target_groups WHERE ${where} ORDER BY arn`);
  return rows.map(fromRow);
}

export async function findTargetGroup(view: View, account: string, arn: string): Promise<TargetGroup | undefined> {
  return (await findTargetGroups(view, sql`arn = ${arn} AND account = ${account}`))[0];
}

export function targetGroupsByArn(view: View, arns: readonly string[], account?: string): Promise<TargetGroup[]> {
  if (arns.length === 0) return Promise.resolve([]);
  const own = account === undefined ? sql`` : sql` AND account = ${account}`;
  return findTargetGroups(view, sql`arn IN (${sqlList(arns)})${own}`);
}

export function insertTargetGroup(group: TargetGroup): Step {
  return {
    sql: sql`INSERT INTO elb_target_groups (${columns}) VALUES (${group.arn}, ${group.account}, ${group.name},
      ${documentOf(group)}, ${group.createdAt}, ${group.version})`,
    expect: 1,
  };
}

export function replaceTargetGroup(before: TargetGroup, after: TargetGroup): Step {
  return {
    sql: sql`UPDATE elb_target_groups SET document = ${documentOf(after)}, version = version + 1
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}

/** Load balancers by the target groups that they forward to. */
export async function usersOf(view: View, groupArns: readonly string[]): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  if (groupArns.length === 0) return users;
  const rows = await view.all<{ target_group_arn: string; load_balancer_arn: string }>(
    sql`SELECT DISTINCT target_group_arn, load_balancer_arn FROM elb_uses
      WHERE target_group_arn IN (${sqlList(groupArns)}) ORDER BY target_group_arn, load_balancer_arn`,
  );
  for (const row of rows)
    users.set(row.target_group_arn, [...(users.get(row.target_group_arn) ?? []), row.load_balancer_arn]);
  return users;
}

/** What a listener or a rule forwards to from now on, in the same write as itself. */
export function useSteps(userArn: string, loadBalancerArn: string, groupArns: readonly string[]): Step[] {
  return [
    { sql: sql`DELETE FROM elb_uses WHERE user_arn = ${userArn}` },
    ...[...new Set(groupArns)].map((arn) => ({
      sql: sql`INSERT INTO elb_uses (target_group_arn, user_arn, load_balancer_arn)
        VALUES (${arn}, ${userArn}, ${loadBalancerArn})`,
      expect: 1,
    })),
  ];
}
