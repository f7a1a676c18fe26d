// Listeners' and rules' rows.
import { type Sql, type Step, sql, type View } from '@longshore/store';
import { elbErrors } from './errors.ts';
import type { Listener, Rule } from './types.ts';

interface ListenerRow {
  readonly arn: string;
  readonly account: string;
  readonly load_balancer_arn: string;
  readonly address: string;
  readonly port: number;
  readonly document: string;
  readonly version: number;
}

type ListenerDocument = Pick<Listener, 'protocol' | 'actions' | 'attributes'>;

const listenerColumns: Sql = sql`arn, account, load_balancer_arn, address, port, document, version`;

export async function findListeners(view: View, where: Sql): Promise<Listener[]> {
  const rows = await view.all<ListenerRow>(
    sql`SELECT ${listenerColumns} FROM elb_listeners WHERE ${where} ORDER BY arn`,
  );
  return rows.map((row) => ({
    arn: row.arn,
    account: row.account,
    loadBalancerArn: row.load_balancer_arn,
    address: row.address,
    port: row.port,
    version: row.version,
    ...(JSON.parse(row.document) as ListenerDocument),
  }));
}

export async function findListener(view: View, account: string, arn: string): Promise<Listener | undefined> {
  return (await findListeners(view, sql`arn = ${arn} AND account = ${account}`))[0];
}

function listenerDocument({ protocol, actions, attributes }: Listener): string {
  return JSON.stringify({ protocol, actions, attributes } satisfies ListenerDocument);
}

export function insertListener(listener: Listener): Step {
  return {
    sql: sql`INSERT INTO elb_listeners (${listenerColumns}) VALUES (${listener.arn}, ${listener.account},
      ${listener.loadBalancerArn}, ${listener.address}, ${listener.port}, ${listenerDocument(listener)},
      ${listener.version})`,
    expect: 1,
  };
}

export function replaceListener(before: Listener, after: Listener): Step {
  return {
    sql: sql`UPDATE elb_listeners SET port = ${after.port}, document = ${listenerDocument(after)}, version = version + 1
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}

/** With its rules; what it used is free again. */
export function deleteListenerSteps(arn: string): Step[] {
  return [
    {
      sql: sql`DELETE FROM elb_uses WHERE user_arn = ${arn}
        OR user_arn IN (SELECT arn FROM elb_rules WHERE listener_arn = ${arn})`,
    },
    {
      sql: sql`DELETE FROM elb_tags WHERE resource_arn = ${arn}
        OR resource_arn IN (SELECT arn FROM elb_rules WHERE listener_arn = ${arn})`,
    },
    { sql: sql`DELETE FROM elb_rules WHERE listener_arn = ${arn}` },
    { sql: sql`DELETE FROM elb_listeners WHERE arn = ${arn}` },
  ];
}

interface RuleRow {
  readonly arn: string;
  readonly account: string;
  readonly listener_arn: string;
  readonly priority: number;
  readonly document: string;
  readonly version: number;
}

type RuleDocument = Pick<Rule, 'conditions' | 'actions'>;

const ruleColumns: Sql = sql`arn, account, listener_arn, priority, document, version`;

/** By listener, in the order of their priorities. */
export async function findRules(view: View, where: Sql): Promise<Rule[]> {
  const rows = await view.all<RuleRow>(
    sql`SELECT ${ruleColumns} FROM elb_rules WHERE ${where} ORDER BY listener_arn, priority`,
  );
  return rows.map((row) => ({
    arn: row.arn,
    account: row.account,
    listenerArn: row.listener_arn,
    priority: row.priority,
    version: row.version,
    ...(JSON.parse(row.document) as RuleDocument),
  }));
}

function ruleDocument({ conditions, actions }: Rule): string {
  return JSON.stringify({ conditions, actions } satisfies RuleDocument);
}

export function insertRule(rule: Rule): Step {
  return {
    sql: sql`INSERT INTO elb_rules (${ruleColumns}) VALUES (${rule.arn}, ${rule.account}, ${rule.listenerArn},
      ${rule.priority}, ${ruleDocument(rule)}, ${rule.version})`,
    otherwise: () => elbErrors.priorityInUse(rule.priority),
  };
}

export function replaceRule(before: Rule, after: Rule): Step {
  return {
    sql: sql`UPDATE elb_rules SET document = ${ruleDocument(after)}, version = version + 1
      WHERE arn = ${before.arn} AND version = ${before.version}`,
    expect: 1,
  };
}
