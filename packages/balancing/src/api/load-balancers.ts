// CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer, and their attributes.
import {
  CreateLoadBalancer$,
  type CreateLoadBalancerInput,
  type CreateLoadBalancerOutput,
  DeleteLoadBalancer$,
  type DeleteLoadBalancerInput,
  DescribeLoadBalancerAttributes$,
  type DescribeLoadBalancerAttributesInput,
  type DescribeLoadBalancerAttributesOutput,
  DescribeLoadBalancers$,
  type DescribeLoadBalancersInput,
  type DescribeLoadBalancersOutput,
  type LoadBalancer as ApiLoadBalancer,
  ModifyLoadBalancerAttributes$,
  type ModifyLoadBalancerAttributesInput,
  type ModifyLoadBalancerAttributesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql, type View } from '@longshore/store';
import { loadBalancerAttributes } from '../attributes.ts';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { deleteListenerSteps, findListeners } from '../listeners.ts';
import { findLoadBalancer, findLoadBalancers, insertLoadBalancer, replaceLoadBalancer } from '../load-balancers.ts';
import { isName, loadBalancerArn, newId } from '../names.ts';
import type { LoadBalancer, LoadBalancerType } from '../types.ts';
import { arnAccess, checkQuota, everyAccess, newAccess, page, readTags, tagSteps } from './input.ts';

const perAccount = 50;

/** One zone: the machine that the proxy is on. Its address is shown where ELB shows a static one. */
export function shapeLoadBalancer(core: Pick<BalancingCore, 'region'>, balancer: LoadBalancer): ApiLoadBalancer {
  const zone = { ZoneName: `${core.region}a`, LoadBalancerAddresses: [{ IpAddress: balancer.address }] };
  const subnets = balancer.subnets.length === 0 ? [undefined] : balancer.subnets;
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: 'Z00000000LONGSHORE',
    CreatedTime: new Date(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: 'vpc-longshore',
    State: { Code: 'active' },
    Type: balancer.type,
    AvailabilityZones: subnets.map((SubnetId) => ({ ...zone, ...(SubnetId !== undefined && { SubnetId }) })),
    ...(balancer.type === 'application' && { SecurityGroups: [...balancer.securityGroups] }),
    IpAddressType: 'ipv4',
  };
}

export async function requireLoadBalancer(view: View, account: string, arn: string | undefined): Promise<LoadBalancer> {
  const found = await findLoadBalancer(view, account, arn ?? '');
  if (found === undefined) throw elbErrors.loadBalancerNotFound();
  return found;
}

function readType(type: string | undefined): LoadBalancerType {
  if (type === undefined || type === 'application') return 'application';
  if (type === 'network') return 'network';
  throw elbErrors.invalidConfiguration(`Load balancers of type '${type.slice(0, 40)}' are not available in Longshore`);
}

/** An address that no other load balancer has; the one that they share if there is only one. Throws TooManyLoadBalancers. */
async function freeAddress(core: BalancingCore, view: View): Promise<string> {
  const [first, ...others] = core.addresses;
  if (first === undefined) throw elbErrors.noProxy('No address is set for load balancers.');
  if (others.length === 0) return first;
  const taken = new Set((await findLoadBalancers(view, sql`1 = 1`)).map((each) => each.address));
  const free = core.addresses.find((each) => !taken.has(each));
  if (free === undefined) throw elbErrors.tooMany('LoadBalancers', core.addresses.length);
  return free;
}

/** `.localhost` names are this machine's everywhere (RFC 6761), so that they work without anyone's DNS. */
function dnsNameOf(name: string, id: string, region: string, address: string, internal: boolean): string {
  const top = address === '127.0.0.1' ? 'localhost' : 'internal';
  return `${internal ? 'internal-' : ''}${name}-${Number.parseInt(id.slice(0, 8), 16)}.${region}.elb.${top}`;
}

export const createLoadBalancer = (core: BalancingCore) =>
  operation<CreateLoadBalancerInput, CreateLoadBalancerOutput>({
    name: 'CreateLoadBalancer',
    schema: CreateLoadBalancer$,
    effect: 'write',
    access: (input, call) =>
      newAccess(call, `loadbalancer/${readType(input.Type) === 'network' ? 'net' : 'app'}/${input.Name ?? ''}/*`),
    async handle(input, call) {
      const { account } = call.principal;
      const name = input.Name ?? '';
      if (!isName(name))
        throw elbErrors.validation(
          `Load balancer name '${name.slice(0, 64)}' must have 1 to 32 letters, digits and hyphens, not begin or end with a hyphen, and not begin with 'internal-'`,
        );
      const type = readType(input.Type);
      const scheme = input.Scheme ?? 'internet-facing';
      if (scheme !== 'internal' && scheme !== 'internet-facing')
        throw elbErrors.validation('Scheme must be internal or internet-facing');
      if (input.IpAddressType !== undefined && input.IpAddressType !== 'ipv4')
        throw elbErrors.invalidConfiguration(
          `IpAddressType '${input.IpAddressType.slice(0, 40)}' is not available in Longshore`,
        );
      const subnets = [...(input.Subnets ?? []), ...(input.SubnetMappings ?? []).map((each) => each.SubnetId ?? '')];
      if (subnets.length > 20 || (input.SecurityGroups?.length ?? 0) > 20)
        throw elbErrors.validation('At most 20 subnets and security groups may be given');
      const tags = readTags(input.Tags);
      const missing = await core.proxyMissing();
      if (missing !== undefined) throw elbErrors.noProxy(missing);
      const balancer = await core.store.update(async (view) => {
        const [held] = await findLoadBalancers(view, sql`account = ${account} AND name = ${name}`);
        if (held?.type === type && held.scheme === scheme) return { steps: [], result: held };
        if (held !== undefined) throw elbErrors.duplicateLoadBalancer(name);
        await checkQuota(view, { table: 'elb_load_balancers', words: 'LoadBalancers', limit: perAccount }, account);
        const address = await freeAddress(core, view);
        const id = newId();
        const made: LoadBalancer = {
          arn: loadBalancerArn(core.region, account, type, name, id),
          account,
          name,
          address,
          type,
          scheme,
          dnsName: dnsNameOf(name, id, core.region, address, scheme === 'internal'),
          subnets,
          securityGroups: input.SecurityGroups ?? [],
          attributes: {},
          createdAt: call.now,
          version: 1,
        };
        return { steps: [insertLoadBalancer(made), ...tagSteps(made.arn, tags)], result: made };
      });
      core.wake();
      return { LoadBalancers: [shapeLoadBalancer(core, balancer)] };
    },
  });

export const describeLoadBalancers = (core: BalancingCore) =>
  operation<DescribeLoadBalancersInput, DescribeLoadBalancersOutput>({
    name: 'DescribeLoadBalancers',
    schema: DescribeLoadBalancers$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { LoadBalancerArns: arns = [], Names: names = [] } = input;
      if (arns.length > 0 && names.length > 0)
        throw elbErrors.validation('LoadBalancerArns and Names cannot be given together');
      const all = await findLoadBalancers(core.store, sql`account = ${call.principal.account}`);
      const found = all.filter(
        (each) => (arns.length === 0 || arns.includes(each.arn)) && (names.length === 0 || names.includes(each.name)),
      );
      if (found.length < new Set([...arns, ...names]).size) throw elbErrors.loadBalancerNotFound();
      const { items, ...rest } = page(found, input, (each) => each.arn);
      return { LoadBalancers: items.map((each) => shapeLoadBalancer(core, each)), ...rest };
    },
  });

export const deleteLoadBalancer = (core: BalancingCore) =>
  operation<DeleteLoadBalancerInput, object>({
    name: 'DeleteLoadBalancer',
    schema: DeleteLoadBalancer$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.LoadBalancerArn]),
    async handle(input, call) {
      await core.store.update(async (view) => {
        // One that is not there is deleted already.
        const held = await findLoadBalancer(view, call.principal.account, input.LoadBalancerArn ?? '');
        if (held === undefined) return { steps: [], result: undefined };
        if (loadBalancerAttributes(held.type).valueOf(held.attributes, 'deletion_protection.enabled') === 'true')
          throw elbErrors.protectedFromDeletion(held.arn);
        const listeners = await findListeners(view, sql`load_balancer_arn = ${held.arn}`);
        return {
          steps: [
            ...listeners.flatMap((each) => deleteListenerSteps(each.arn)),
            { sql: sql`DELETE FROM elb_tags WHERE resource_arn = ${held.arn}` },
            {
              sql: sql`DELETE FROM elb_load_balancers WHERE arn = ${held.arn} AND version = ${held.version}`,
              expect: 1,
            },
          ],
          result: undefined,
        };
      });
      core.wake();
      return {};
    },
  });

export const describeLoadBalancerAttributes = (core: BalancingCore) =>
  operation<DescribeLoadBalancerAttributesInput, DescribeLoadBalancerAttributesOutput>({
    name: 'DescribeLoadBalancerAttributes',
    schema: DescribeLoadBalancerAttributes$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { type, attributes } = await requireLoadBalancer(core.store, call.principal.account, input.LoadBalancerArn);
      return { Attributes: loadBalancerAttributes(type).shape(attributes) };
    },
  });

export const modifyLoadBalancerAttributes = (core: BalancingCore) =>
  operation<ModifyLoadBalancerAttributesInput, ModifyLoadBalancerAttributesOutput>({
    name: 'ModifyLoadBalancerAttributes',
    schema: ModifyLoadBalancerAttributes$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.LoadBalancerArn]),
    async handle(input, call) {
      const after = await core.store.update(async (view) => {
        const before = await requireLoadBalancer(view, call.principal.account, input.LoadBalancerArn);
        const attributes = loadBalancerAttributes(before.type).merge(before.attributes, input.Attributes ?? []);
        const changed = { ...before, attributes };
        return { steps: [replaceLoadBalancer(before, changed)], result: changed };
      });
      core.wake();
      return { Attributes: loadBalancerAttributes(after.type).shape(after.attributes) };
    },
  });
