// Namespaces, services and instances: what is stored, found and named.
import { randomBytes } from 'node:crypto';
import { formatArn, parseArn } from '@longshore/base';
import { type Sql, sql, type View } from '@longshore/store';

export type RecordType = 'A' | 'AAAA' | 'SRV';

export interface Namespace {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly kind: 'DNS_PRIVATE' | 'HTTP';
  readonly description: string;
  readonly createdAt: number;
}

export interface ServiceDocument {
  readonly description: string;
  readonly records: readonly { readonly type: RecordType; readonly ttl: number }[];
  readonly routing: 'MULTIVALUE' | 'WEIGHTED';
  readonly customHealth: boolean;
}

export interface MapService extends ServiceDocument {
  readonly id: string;
  readonly account: string;
  readonly namespaceId: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface Instance {
  readonly serviceId: string;
  readonly id: string;
  readonly owner: string;
  readonly healthy: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** `ns-…`, `srv-…`: sixteen characters, as Cloud Map has them. */
export function newMapId(kind: 'ns' | 'srv'): string {
  const random = [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('');
  return `${kind}-${random}`;
}

export function mapArn(region: string, account: string, kind: 'namespace' | 'service', id: string): string {
  return formatArn({ service: 'servicediscovery', region, account, resource: `${kind}/${id}` });
}

/** The id that an id or an ARN of the account names. */
export function idOf(account: string, text: string, kind: 'namespace' | 'service'): string {
  if (!text.startsWith('arn:')) return text;
  const arn = parseArn(text);
  const [type, id = ''] = arn?.resource.split('/') ?? [];
  return arn?.service === 'servicediscovery' && arn.account === account && type === kind ? id : '';
}

interface NamespaceRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly kind: Namespace['kind'];
  readonly description: string;
  readonly created_at: number;
}

export async function findNamespaces(view: View, where: Sql): Promise<Namespace[]> {
  const rows = await view.all<NamespaceRow>(
    sql`SELECT id, account, name, kind, description, created_at FROM sd_namespaces WHERE ${where} ORDER BY id`,
  );
  return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at }));
}

interface ServiceRow {
  readonly id: string;
  readonly account: string;
  readonly namespace_id: string;
  readonly name: string;
  readonly document: string;
  readonly created_at: number;
}

export async function findMapServices(view: View, where: Sql): Promise<MapService[]> {
  const rows = await view.all<ServiceRow>(
    sql`SELECT id, account, namespace_id, name, document, created_at FROM sd_services WHERE ${where} ORDER BY id`,
  );
  return rows.map((row) => ({
    id: row.id,
    account: row.account,
    namespaceId: row.namespace_id,
    name: row.name,
    createdAt: row.created_at,
    ...(JSON.parse(row.document) as ServiceDocument),
  }));
}

interface InstanceRow {
  readonly service_id: string;
  readonly instance_id: string;
  readonly owner: string;
  readonly healthy: number;
  readonly attributes: string;
}

export async function findInstances(view: View, where: Sql, limit = 100_000): Promise<Instance[]> {
  const rows = await view.all<InstanceRow>(
    sql`SELECT service_id, instance_id, owner, healthy, attributes FROM sd_instances WHERE ${where}
      ORDER BY service_id, instance_id LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    serviceId: row.service_id,
    id: row.instance_id,
    owner: row.owner,
    healthy: row.healthy === 1,
    attributes: JSON.parse(row.attributes) as Record<string, string>,
  }));
}

export function saveInstance(instance: Instance) {
  const { serviceId, id, owner, healthy, attributes } = instance;
  return {
    sql: sql`INSERT INTO sd_instances (service_id, instance_id, owner, healthy, attributes)
      VALUES (${serviceId}, ${id}, ${owner}, ${healthy ? 1 : 0}, ${JSON.stringify(attributes)})
      ON CONFLICT (service_id, instance_id) DO UPDATE SET owner = excluded.owner, healthy = excluded.healthy,
        attributes = excluded.attributes`,
  };
}
