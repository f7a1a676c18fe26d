// Load balancers' rows.
import { type Sql, type Step, sql, type View } from '@longshore/store';
import type { LoadBalancer } from './types.ts';

interface Row {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly address: string;
  readonly document: string;
  readonly created_at: number;
  readonly version: number;
}

type Document = Omit<LoadBalancer, 'arn' | 'account' | 'name' | 'address' | 'createdAt' | 'version'>;

const columns: Sql = sql`arn, account, name, address, document, created_at, version`;

function fromRow(row: Row): LoadBalancer {
  const { arn, account, name, address, version } = row;
  return { arn, account, name, address, version, createdAt: row.created_at, ...(JSON.parse(row.document) as Document) };
}

function documentOf({ type, scheme, dnsName, subnets, securityGroups, attributes }: LoadBalancer): string {
  return JSON.stringify({ type, scheme, dnsName, subnets, securityGroups, attributes } satisfies Document);
}

export async function findLoadBalancers(view: View, where: Sql): Promise<LoadBalancer[]> {
  const rows = await view.all<Row>(sql`SELECT ${columns} FROM elb_load_balancers WHERE ${where} ORDER BY arn`);
  return rows.map(fromRow);
}

export async function findLoadBalancer(view: View, account: string, arn: string): Promise<LoadBalancer | undefined> {
  return (await findLoadBalancers(view, sql`arn = ${arn} AND account = ${account}`))[0];
}

export function insertLoadBalancer(balancer: LoadBalancer): Step {
  return {
    sql: sql`INSERT INTO elb_load_balancers (${columns}) VALUES (${balancer.arn}, ${balancer.account}, ${balancer.name},
      ${balancer.address}, ${documentOf(balancer)}, ${balancer.createdAt}, ${balancer.version})`,
    expect: 1,
  };
}

export function replaceLoadBalancer(before: LoadBalancer, after: LoadBalancer): Step {
  return {
    sql: sql`UPDATE elb_load_balancers SET document = ${documentOf(after)}, version = version + 1
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}
