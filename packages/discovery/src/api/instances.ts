// RegisterInstance, DeregisterInstance, GetInstance, ListInstances, their health, and DiscoverInstances.
import { isIPv4, isIPv6 } from 'node:net';
import {
  DeregisterInstance$,
  type DeregisterInstanceRequest,
  type DeregisterInstanceResponse,
  DiscoverInstances$,
  type DiscoverInstancesRequest,
  type DiscoverInstancesResponse,
  GetInstance$,
  type GetInstanceRequest,
  type GetInstanceResponse,
  GetInstancesHealthStatus$,
  type GetInstancesHealthStatusRequest,
  type GetInstancesHealthStatusResponse,
  ListInstances$,
  type ListInstancesRequest,
  type ListInstancesResponse,
  RegisterInstance$,
  type RegisterInstanceRequest,
  type RegisterInstanceResponse,
  UpdateInstanceCustomHealthStatus$,
  type UpdateInstanceCustomHealthStatusRequest,
} from '@aws-sdk/client-servicediscovery';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import {
  findInstances,
  findMapServices,
  findNamespaces,
  type Instance,
  type MapService,
  saveInstance,
} from '../records.ts';
import { everyAccess, ownAccess, page, receipt, requireService } from './input.ts';

const perService = 1000;

function readAttributes(service: MapService, given: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(given);
  const size = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (entries.length > 30 || size > 5000 || entries.some(([key, value]) => key.length > 255 || value.length > 1024))
    throw mapErrors.invalid('At most 30 attributes with 5000 characters together are allowed.');
  const wants = (type: string) => service.records.some((each) => each.type === type);
  const { AWS_INSTANCE_IPV4: v4, AWS_INSTANCE_IPV6: v6, AWS_INSTANCE_PORT: port } = given;
  if ((v4 !== undefined && !isIPv4(v4)) || (wants('A') && v4 === undefined))
    throw mapErrors.invalid('AWS_INSTANCE_IPV4 must be an IPv4 address.');
  if ((v6 !== undefined && !isIPv6(v6)) || (wants('AAAA') && v6 === undefined))
    throw mapErrors.invalid('AWS_INSTANCE_IPV6 must be an IPv6 address.');
  if (wants('SRV') && v4 === undefined && v6 === undefined)
    throw mapErrors.invalid('AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6 must be given.');
  const fine =
    port === undefined ? !wants('SRV') : /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  if (!fine) throw mapErrors.invalid('AWS_INSTANCE_PORT must be a port.');
  return { ...given };
}

export const registerInstance = (core: DiscoveryCore) =>
  operation<RegisterInstanceRequest, RegisterInstanceResponse>({
    name: 'RegisterInstance',
    schema: RegisterInstance$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      const { account } = call.principal;
      const id = input.InstanceId ?? '';
      if (!/^[0-9a-zA-Z_/:.@-]{1,64}$/.test(id)) throw mapErrors.invalid('InstanceId is not valid.');
      const result = await core.store.update(async (view) => {
        const service = await requireService(view, account, input.ServiceId);
        const attributes = readAttributes(service, input.Attributes ?? {});
        const held = await findInstances(view, sql`service_id = ${service.id}`);
        if (held.length >= perService && !held.some((each) => each.id === id))
          throw mapErrors.limit(`A service may have ${perService} instances.`);
        const healthy = attributes['AWS_INIT_HEALTH_STATUS'] !== 'UNHEALTHY';
        const done = receipt(core, account, 'REGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.id });
        const step = saveInstance({ serviceId: service.id, id, owner: '', healthy, attributes });
        return { steps: [step, ...done.steps], result: done.id };
      });
      return { OperationId: result };
    },
  });

async function requireInstance(core: DiscoveryCore, serviceId: string, id: string | undefined): Promise<Instance> {
  const [found] = await findInstances(core.store, sql`service_id = ${serviceId} AND instance_id = ${id ?? ''}`, 1);
  if (found === undefined) throw mapErrors.instanceNotFound(id ?? '');
  return found;
}

export const deregisterInstance = (core: DiscoveryCore) =>
  operation<DeregisterInstanceRequest, DeregisterInstanceResponse>({
    name: 'DeregisterInstance',
    schema: DeregisterInstance$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      const { account } = call.principal;
      const service = await requireService(core.store, account, input.ServiceId);
      const { id } = await requireInstance(core, service.id, input.InstanceId);
      const done = receipt(core, account, 'DEREGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.id });
      await core.store.write([
        { sql: sql`DELETE FROM sd_instances WHERE service_id = ${service.id} AND instance_id = ${id}` },
        ...done.steps,
      ]);
      return { OperationId: done.id };
    },
  });

export const getInstance = (core: DiscoveryCore) =>
  operation<GetInstanceRequest, GetInstanceResponse>({
    name: 'GetInstance',
    schema: GetInstance$,
    effect: 'read',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      const service = await requireService(core.store, call.principal.account, input.ServiceId);
      const { id, attributes } = await requireInstance(core, service.id, input.InstanceId);
      return { Instance: { Id: id, Attributes: { ...attributes } } };
    },
  });

export const listInstances = (core: DiscoveryCore) =>
  operation<ListInstancesRequest, ListInstancesResponse>({
    name: 'ListInstances',
    schema: ListInstances$,
    effect: 'read',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      const service = await requireService(core.store, call.principal.account, input.ServiceId);
      const all = await findInstances(core.store, sql`service_id = ${service.id}`);
      const { items, ...rest } = page(all, input, (each) => each.id);
      return { Instances: items.map((each) => ({ Id: each.id, Attributes: { ...each.attributes } })), ...rest };
    },
  });

export const getInstancesHealthStatus = (core: DiscoveryCore) =>
  operation<GetInstancesHealthStatusRequest, GetInstancesHealthStatusResponse>({
    name: 'GetInstancesHealthStatus',
    schema: GetInstancesHealthStatus$,
    effect: 'read',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      const service = await requireService(core.store, call.principal.account, input.ServiceId);
      const all = await findInstances(core.store, sql`service_id = ${service.id}`);
      const missing = input.Instances?.find((id) => !all.some((each) => each.id === id));
      if (missing !== undefined) throw mapErrors.instanceNotFound(missing);
      const wanted = input.Instances === undefined ? all : all.filter((each) => input.Instances?.includes(each.id));
      const { items, ...rest } = page(wanted, input, (each) => each.id);
      return {
        Status: Object.fromEntries(items.map((each) => [each.id, each.healthy ? 'HEALTHY' : 'UNHEALTHY'])),
        ...rest,
      };
    },
  });

export const updateInstanceCustomHealthStatus = (core: DiscoveryCore) =>
  operation<UpdateInstanceCustomHealthStatusRequest, object>({
    name: 'UpdateInstanceCustomHealthStatus',
    schema: UpdateInstanceCustomHealthStatus$,
    effect: 'write',
    access: (input, call) => ownAccess(call, 'service', input.ServiceId),
    async handle(input, call) {
      if (input.Status !== 'HEALTHY' && input.Status !== 'UNHEALTHY')
        throw mapErrors.invalid('Status must be HEALTHY or UNHEALTHY.');
      const service = await requireService(core.store, call.principal.account, input.ServiceId);
      if (!service.customHealth) throw mapErrors.noCustomHealth();
      const { id } = await requireInstance(core, service.id, input.InstanceId);
      await core.store.write([
        {
          sql: sql`UPDATE sd_instances SET healthy = ${input.Status === 'HEALTHY' ? 1 : 0}
            WHERE service_id = ${service.id} AND instance_id = ${id}`,
        },
      ]);
      return {};
    },
  });

export const discoverInstances = (core: DiscoveryCore) =>
  operation<DiscoverInstancesRequest, DiscoverInstancesResponse>({
    name: 'DiscoverInstances',
    schema: DiscoverInstances$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { account } = call.principal;
      const namespaceName = input.NamespaceName ?? '';
      const [namespace] = await findNamespaces(core.store, sql`account = ${account} AND name = ${namespaceName}`);
      if (namespace === undefined) throw mapErrors.namespaceNotFound(namespaceName);
      const name = input.ServiceName ?? '';
      const [service] = await findMapServices(core.store, sql`namespace_id = ${namespace.id} AND name = ${name}`);
      if (service === undefined) throw mapErrors.serviceNotFound(name);
      const most = input.MaxResults ?? 100;
      if (!Number.isInteger(most) || most < 1 || most > 1000) throw mapErrors.invalid('MaxResults must be 1 to 1000.');
      const matching = (await findInstances(core.store, sql`service_id = ${service.id}`)).filter((each) =>
        Object.entries(input.QueryParameters ?? {}).every(([key, value]) => each.attributes[key] === value),
      );
      const healthy = matching.filter((each) => each.healthy);
      const status = input.HealthStatus ?? 'HEALTHY';
      const chosen: Readonly<Record<string, readonly Instance[]>> = {
        ALL: matching,
        HEALTHY: healthy,
        UNHEALTHY: matching.filter((each) => !each.healthy),
        HEALTHY_OR_ELSE_ALL: healthy.length > 0 ? healthy : matching,
      };
      const Instances = (chosen[status] ?? []).slice(0, most).map((each) => ({
        InstanceId: each.id,
        NamespaceName: namespace.name,
        ServiceName: service.name,
        HealthStatus: each.healthy ? ('HEALTHY' as const) : ('UNHEALTHY' as const),
        Attributes: { ...each.attributes },
      }));
      return { Instances };
    },
  });
