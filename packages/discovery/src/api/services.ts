// CreateService, GetService, ListServices, DeleteService.
import {
  CreateService$,
  type CreateServiceRequest,
  type CreateServiceResponse,
  DeleteService$,
  type DeleteServiceRequest,
  GetService$,
  type GetServiceRequest,
  type GetServiceResponse,
  ListServices$,
  type ListServicesRequest,
  type ListServicesResponse,
  type Service,
} from '@aws-sdk/client-servicediscovery';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import {
  findInstances,
  findMapServices,
  mapArn,
  type MapService,
  newMapId,
  type RecordType,
  type ServiceDocument,
} from '../records.ts';
import { everyAccess, ownAccess, page, readTags, requireNamespace, requireService, tagSteps } from './input.ts';

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const recordTypes: readonly string[] = ['A', 'AAAA', 'SRV'] satisfies RecordType[];

function shape(core: DiscoveryCore, service: MapService): Service {
  const dns = service.records.length > 0 && {
    DnsConfig: {
      NamespaceId: service.namespaceId,
      RoutingPolicy: service.routing,
      DnsRecords: service.records.map((each) => ({ Type: each.type, TTL: each.ttl })),
    },
  };
  return {
    Id: service.id,
    Arn: mapArn(core.region, service.account, 'service', service.id),
    Name: service.name,
    NamespaceId: service.namespaceId,
    ...(service.description !== '' && { Description: service.description }),
    ...dns,
    Type: service.records.length > 0 ? 'DNS_HTTP' : 'HTTP',
    ...(service.customHealth && { HealthCheckCustomConfig: { FailureThreshold: 1 } }),
    CreateDate: new Date(service.createdAt),
  };
}

function readDocument(input: CreateServiceRequest): ServiceDocument {
  const { DnsConfig: dns } = input;
  if (input.HealthCheckConfig !== undefined)
    throw mapErrors.invalid('HealthCheckConfig is for public namespaces. Use HealthCheckCustomConfig.');
  if ((input.Description?.length ?? 0) > 1024)
    throw mapErrors.invalid('Description must have at most 1024 characters.');
  const records = (dns?.DnsRecords ?? []).map(({ Type = '', TTL = 60 }) => {
    if (!recordTypes.includes(Type))
      throw mapErrors.invalid(`Records of type '${Type.slice(0, 20)}' are not available.`);
    if (!Number.isInteger(TTL) || TTL < 0 || TTL > 2_147_483_647) throw mapErrors.invalid('TTL is not valid.');
    return { type: Type as RecordType, ttl: TTL };
  });
  if (new Set(records.map((each) => each.type)).size < records.length)
    throw mapErrors.invalid('A type of record can be given only once.');
  return {
    description: input.Description ?? '',
    records,
    routing: dns?.RoutingPolicy === 'WEIGHTED' ? 'WEIGHTED' : 'MULTIVALUE',
    customHealth: input.HealthCheckCustomConfig !== undefined,
  };
}

const perNamespace = 1000;

export const createService = (core: DiscoveryCore) =>
  operation<CreateServiceRequest, CreateServiceResponse>({
    name: 'CreateService',
    schema: CreateService$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'namespace', input.NamespaceId ?? input.DnsConfig?.NamespaceId),
    async handle(input, call) {
      const { account } = call.principal;
      const name = input.Name ?? '';
      const document = readDocument(input);
      const tags = readTags(input.Tags);
      const service = await core.store.update(async (view) => {
        const namespace = await requireNamespace(view, account, input.NamespaceId ?? input.DnsConfig?.NamespaceId);
        const dns = namespace.kind === 'DNS_PRIVATE';
        if (dns ? !name.split('.').every((part) => label.test(part)) : !/^[!-~]{1,127}$/.test(name))
          throw mapErrors.invalid('Name is not valid.');
        if (!dns && document.records.length > 0) throw mapErrors.invalid('HTTP namespaces have no DNS records.');
        const held = await findMapServices(view, sql`namespace_id = ${namespace.id}`);
        if (held.some((each) => each.name.toLowerCase() === name.toLowerCase())) throw mapErrors.serviceExists(name);
        if (held.length >= perNamespace) throw mapErrors.limit(`A namespace may have ${perNamespace} services.`);
        const id = newMapId('srv');
        const made = { ...document, id, account, namespaceId: namespace.id, name, createdAt: call.now };
        const fullName = `${name}.${namespace.name}`.toLowerCase();
        if (dns && fullName.length > 253) throw mapErrors.invalid('Name and namespace are too long together.');
        const insert = {
          sql: sql`INSERT INTO sd_services (id, account, namespace_id, name, dns_name, document, created_at)
            VALUES (${id}, ${account}, ${namespace.id}, ${name}, ${document.records.length > 0 ? fullName : null},
              ${JSON.stringify(document)}, ${call.now})`,
          expect: 1,
        };
        return { steps: [insert, ...tagSteps(mapArn(core.region, account, 'service', id), tags)], result: made };
      });
      return { Service: shape(core, service) };
    },
  });

export const getService = (core: DiscoveryCore) =>
  operation<GetServiceRequest, GetServiceResponse>({
    name: 'GetService',
    schema: GetService$,
    effect: 'read',
    access: (input, call) => ownAccess(call, 'service', input.Id),
    async handle(input, call) {
      const service = await requireService(core.store, call.principal.account, input.Id);
      const instances = await findInstances(core.store, sql`service_id = ${service.id}`);
      return { Service: { ...shape(core, service), InstanceCount: instances.length } };
    },
  });

export const listServices = (core: DiscoveryCore) =>
  operation<ListServicesRequest, ListServicesResponse>({
    name: 'ListServices',
    schema: ListServices$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const all = await findMapServices(core.store, sql`account = ${call.principal.account}`);
      const wanted = all.filter((each) =>
        (input.Filters ?? []).every(({ Name, Values = [] }) =>
          Name === 'NAMESPACE_ID' ? Values.includes(each.namespaceId) : true,
        ),
      );
      const { items, ...rest } = page(wanted, input, (each) => each.id);
      return { Services: items.map((each) => shape(core, each)), ...rest };
    },
  });

export const deleteService = (core: DiscoveryCore) =>
  operation<DeleteServiceRequest, object>({
    name: 'DeleteService',
    schema: DeleteService$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'service', input.Id),
    async handle(input, call) {
      const { account } = call.principal;
      const { id } = await requireService(core.store, account, input.Id);
      const inUse = () => mapErrors.inUse(`Service '${id}' still has instances.`);
      if ((await findInstances(core.store, sql`service_id = ${id}`, 1)).length > 0) throw inUse();
      await core.store.write([
        { sql: sql`DELETE FROM sd_tags WHERE resource_arn = ${mapArn(core.region, account, 'service', id)}` },
        { sql: sql`DELETE FROM sd_services WHERE id = ${id}`, otherwise: inUse },
      ]);
      return {};
    },
  });
