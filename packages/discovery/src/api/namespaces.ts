// CreatePrivateDnsNamespace, CreateHttpNamespace, GetNamespace, ListNamespaces, DeleteNamespace, GetOperation.
import {
  CreateHttpNamespace$,
  type CreateHttpNamespaceRequest,
  type CreateHttpNamespaceResponse,
  CreatePrivateDnsNamespace$,
  type CreatePrivateDnsNamespaceRequest,
  type CreatePrivateDnsNamespaceResponse,
  DeleteNamespace$,
  type DeleteNamespaceRequest,
  type DeleteNamespaceResponse,
  GetNamespace$,
  type GetNamespaceRequest,
  type GetNamespaceResponse,
  GetOperation$,
  type GetOperationRequest,
  type GetOperationResponse,
  ListNamespaces$,
  type ListNamespacesRequest,
  type ListNamespacesResponse,
  type Namespace as ApiNamespace,
  type OperationType,
} from '@aws-sdk/client-servicediscovery';
import { type CallContext, operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import { findMapServices, findNamespaces, mapArn, type Namespace, newMapId } from '../records.ts';
import { everyAccess, ownAccess, page, type MapTag, readTags, receipt, requireNamespace, tagSteps } from './input.ts';

const perAccount = 50;
const dnsName = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

function shape(core: DiscoveryCore, namespace: Namespace): ApiNamespace {
  const { id, account, name, kind } = namespace;
  return {
    Id: id,
    Arn: mapArn(core.region, account, 'namespace', id),
    Name: name,
    Type: kind,
    ...(namespace.description !== '' && { Description: namespace.description }),
    Properties: {
      ...(kind === 'DNS_PRIVATE' && {
        DnsProperties: { HostedZoneId: `Z${id.slice(3).toUpperCase()}`, SOA: { TTL: 15 } },
      }),
      HttpProperties: { HttpName: name },
    },
    CreateDate: new Date(namespace.createdAt),
  };
}

interface NewNamespace {
  readonly name: string;
  readonly kind: Namespace['kind'];
  readonly description: string;
  readonly tags: readonly MapTag[];
}

/** One DNS server answers for all: nobody's names may be within another's. */
function overlaps(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

async function create(core: DiscoveryCore, call: CallContext, wanted: NewNamespace): Promise<string> {
  const { account } = call.principal;
  const lower = wanted.name.toLowerCase();
  const answer = await core.store.update(async (view) => {
    const all = await findNamespaces(view, sql`account = ${account} OR kind = 'DNS_PRIVATE'`);
    const own = all.filter((each) => each.account === account);
    if (own.some((each) => each.name === wanted.name)) throw mapErrors.namespaceExists(wanted.name);
    const dns = all.filter((each) => each.kind === 'DNS_PRIVATE').map((each) => each.name.toLowerCase());
    if (wanted.kind === 'DNS_PRIVATE' && dns.some((each) => overlaps(each, lower)))
      throw mapErrors.namespaceExists(wanted.name);
    if (own.length >= perAccount) throw mapErrors.limit(`An account may have ${perAccount} namespaces.`);
    const id = newMapId('ns');
    const done = receipt(core, account, 'CREATE_NAMESPACE', { NAMESPACE: id });
    const insert = {
      sql: sql`INSERT INTO sd_namespaces (id, account, name, kind, dns_name, description, created_at)
        VALUES (${id}, ${account}, ${wanted.name}, ${wanted.kind}, ${wanted.kind === 'HTTP' ? null : lower},
          ${wanted.description}, ${call.now})`,
      expect: 1,
    };
    const tags = tagSteps(mapArn(core.region, account, 'namespace', id), wanted.tags);
    return { steps: [insert, ...tags, ...done.steps], result: done.id };
  });
  core.wake();
  return answer;
}

function readDescription(text: string | undefined): string {
  if ((text?.length ?? 0) > 1024) throw mapErrors.invalid('Description must have at most 1024 characters.');
  return text ?? '';
}

export const createPrivateDnsNamespace = (core: DiscoveryCore) =>
  operation<CreatePrivateDnsNamespaceRequest, CreatePrivateDnsNamespaceResponse>({
    name: 'CreatePrivateDnsNamespace',
    schema: CreatePrivateDnsNamespace$,
    effect: 'write',
    access: everyAccess,
    async handle(input, call) {
      const name = (input.Name ?? '').replace(/\.$/, '');
      if (!dnsName.test(name)) throw mapErrors.invalid('Name must be a domain name.');
      const reserved = ['localhost', 'elb.internal'].some((each) => overlaps(name.toLowerCase(), each));
      if (reserved) throw mapErrors.invalid(`The name '${name}' is reserved.`);
      const description = readDescription(input.Description);
      return {
        OperationId: await create(core, call, { name, kind: 'DNS_PRIVATE', description, tags: readTags(input.Tags) }),
      };
    },
  });

export const createHttpNamespace = (core: DiscoveryCore) =>
  operation<CreateHttpNamespaceRequest, CreateHttpNamespaceResponse>({
    name: 'CreateHttpNamespace',
    schema: CreateHttpNamespace$,
    effect: 'write',
    access: everyAccess,
    async handle(input, call) {
      const name = input.Name ?? '';
      if (!/^[!-~]{1,1024}$/.test(name)) throw mapErrors.invalid('Name must have 1 to 1024 printable characters.');
      const description = readDescription(input.Description);
      return { OperationId: await create(core, call, { name, kind: 'HTTP', description, tags: readTags(input.Tags) }) };
    },
  });

export const getNamespace = (core: DiscoveryCore) =>
  operation<GetNamespaceRequest, GetNamespaceResponse>({
    name: 'GetNamespace',
    schema: GetNamespace$,
    effect: 'read',
    access: (input, call) => ownAccess(call, 'namespace', input.Id),
    async handle(input, call) {
      const namespace = await requireNamespace(core.store, call.principal.account, input.Id);
      const services = await findMapServices(core.store, sql`namespace_id = ${namespace.id}`);
      return { Namespace: { ...shape(core, namespace), ServiceCount: services.length } };
    },
  });

export const listNamespaces = (core: DiscoveryCore) =>
  operation<ListNamespacesRequest, ListNamespacesResponse>({
    name: 'ListNamespaces',
    schema: ListNamespaces$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const all = await findNamespaces(core.store, sql`account = ${call.principal.account}`);
      const wanted = all.filter((each) =>
        (input.Filters ?? []).every(({ Name, Values = [] }) => {
          if (Name === 'TYPE') return Values.includes(each.kind);
          return Name === 'NAME' || Name === 'HTTP_NAME' ? Values.includes(each.name) : true;
        }),
      );
      const { items, ...rest } = page(wanted, input, (each) => each.id);
      return { Namespaces: items.map((each) => shape(core, each)), ...rest };
    },
  });

export const deleteNamespace = (core: DiscoveryCore) =>
  operation<DeleteNamespaceRequest, DeleteNamespaceResponse>({
    name: 'DeleteNamespace',
    schema: DeleteNamespace$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'namespace', input.Id),
    async handle(input, call) {
      const { account } = call.principal;
      const { id } = await requireNamespace(core.store, account, input.Id);
      const done = receipt(core, account, 'DELETE_NAMESPACE', { NAMESPACE: id });
      const inUse = () => mapErrors.inUse(`Namespace '${id}' still has services.`);
      if ((await findMapServices(core.store, sql`namespace_id = ${id}`)).length > 0) throw inUse();
      await core.store.write([
        { sql: sql`DELETE FROM sd_tags WHERE resource_arn = ${mapArn(core.region, account, 'namespace', id)}` },
        { sql: sql`DELETE FROM sd_namespaces WHERE id = ${id}`, otherwise: inUse },
        ...done.steps,
      ]);
      return { OperationId: done.id };
    },
  });

export const getOperation = (core: DiscoveryCore) =>
  operation<GetOperationRequest, GetOperationResponse>({
    name: 'GetOperation',
    schema: GetOperation$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const row = await core.store.get<{ type: string; targets: string; created_at: number }>(
        sql`SELECT type, targets, created_at FROM sd_operations
          WHERE id = ${input.OperationId ?? ''} AND account = ${call.principal.account}`,
      );
      if (row === undefined) throw mapErrors.operationNotFound();
      const at = new Date(row.created_at);
      return {
        Operation: {
          Id: input.OperationId,
          Type: row.type as OperationType,
          Status: 'SUCCESS',
          CreateDate: at,
          UpdateDate: at,
          Targets: JSON.parse(row.targets) as Record<string, string>,
        },
      };
    },
  });
