// CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup, and their attributes.
import {
  CreateTargetGroup$,
  type CreateTargetGroupInput,
  type CreateTargetGroupOutput,
  DeleteTargetGroup$,
  type DeleteTargetGroupInput,
  DescribeTargetGroupAttributes$,
  type DescribeTargetGroupAttributesInput,
  type DescribeTargetGroupAttributesOutput,
  DescribeTargetGroups$,
  type DescribeTargetGroupsInput,
  type DescribeTargetGroupsOutput,
  ModifyTargetGroup$,
  ModifyTargetGroupAttributes$,
  type ModifyTargetGroupAttributesInput,
  type ModifyTargetGroupAttributesOutput,
  type ModifyTargetGroupInput,
  type ModifyTargetGroupOutput,
  type TargetGroup as ApiTargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql, type View } from '@longshore/store';
import { targetGroupAttributes } from '../attributes.ts';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { isName, newId, targetGroupArn } from '../names.ts';
import { findTargetGroup, findTargetGroups, insertTargetGroup, replaceTargetGroup, usersOf } from '../target-groups.ts';
import type { Protocol, TargetGroup } from '../types.ts';
import { defaultHealthCheck, readCheckProtocol, readHealthCheck } from './health-input.ts';
import { arnAccess, checkQuota, everyAccess, newAccess, page, readTags, tagSteps } from './input.ts';
import { requireLoadBalancer } from './load-balancers.ts';

const perAccount = 3000;

function shape(group: TargetGroup, users: ReadonlyMap<string, string[]>): ApiTargetGroup {
  const { health } = group;
  const http = health.protocol === 'HTTP' && { HealthCheckPath: health.path, Matcher: { HttpCode: health.matcher } };
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    ...(group.vpcId !== undefined && { VpcId: group.vpcId }),
    HealthCheckProtocol: health.protocol,
    HealthCheckPort: health.port === undefined ? 'traffic-port' : String(health.port),
    HealthCheckEnabled: health.enabled,
    HealthCheckIntervalSeconds: health.intervalSeconds,
    HealthCheckTimeoutSeconds: health.timeoutSeconds,
    HealthyThresholdCount: health.healthyCount,
    UnhealthyThresholdCount: health.unhealthyCount,
    ...http,
    LoadBalancerArns: users.get(group.arn) ?? [],
    TargetType: group.targetType,
    ...(group.protocol === 'HTTP' && { ProtocolVersion: 'HTTP1' }),
    IpAddressType: 'ipv4',
  };
}

export async function requireTargetGroup(view: View, account: string, arn: string | undefined): Promise<TargetGroup> {
  const found = await findTargetGroup(view, account, arn ?? '');
  if (found === undefined) throw elbErrors.targetGroupNotFound();
  return found;
}

function readProtocol(given: string | undefined): Protocol {
  if (given === 'HTTP' || given === 'TCP') return given;
  throw elbErrors.unsupportedProtocol(
    `Target groups of the protocol '${String(given).slice(0, 20)}' are not available in Longshore. Use HTTP or TCP.`,
  );
}

function readTargetType(given: string | undefined): 'instance' | 'ip' {
  if (given === undefined || given === 'instance') return 'instance';
  if (given === 'ip') return 'ip';
  throw elbErrors.invalidConfiguration(
    `Targets of type '${given.slice(0, 20)}' are not available in Longshore. Use instance or ip.`,
  );
}

function sameSettings(a: TargetGroup, b: TargetGroup): boolean {
  const settings = ({ protocol, port, targetType, vpcId, health }: TargetGroup) =>
    JSON.stringify([protocol, port, targetType, vpcId ?? null, health]);
  return settings(a) === settings(b);
}

export const createTargetGroup = (core: BalancingCore) =>
  operation<CreateTargetGroupInput, CreateTargetGroupOutput>({
    name: 'CreateTargetGroup',
    schema: CreateTargetGroup$,
    effect: 'write',
    access: (input, call) => newAccess(call, `targetgroup/${input.Name ?? ''}/*`),
    async handle(input, call) {
      const { account } = call.principal;
      const name = input.Name ?? '';
      if (!isName(name))
        throw elbErrors.validation(
          `Target group name '${name.slice(0, 64)}' must have 1 to 32 letters, digits and hyphens, and not begin or end with a hyphen`,
        );
      const protocol = readProtocol(input.Protocol);
      if (input.ProtocolVersion !== undefined && input.ProtocolVersion !== 'HTTP1')
        throw elbErrors.invalidConfiguration(
          `ProtocolVersion '${input.ProtocolVersion.slice(0, 20)}' is not available in Longshore`,
        );
      if (input.IpAddressType !== undefined && input.IpAddressType !== 'ipv4')
        throw elbErrors.invalidConfiguration('IpAddressType must be ipv4');
      const port = input.Port ?? 0;
      if (!Number.isInteger(port) || port < 1 || port > 65_535)
        throw elbErrors.validation('Port must be between 1 and 65535');
      const checkProtocol = readCheckProtocol(input.HealthCheckProtocol, protocol);
      const made: TargetGroup = {
        arn: targetGroupArn(core.region, account, name, newId()),
        account,
        name,
        protocol,
        port,
        targetType: readTargetType(input.TargetType),
        vpcId: input.VpcId?.slice(0, 64),
        health: readHealthCheck(input, defaultHealthCheck(protocol, checkProtocol)),
        attributes: {},
        createdAt: call.now,
        version: 1,
      };
      const tags = readTags(input.Tags);
      const group = await core.store.update(async (view) => {
        const [held] = await findTargetGroups(view, sql`account = ${account} AND name = ${name}`);
        if (held !== undefined && sameSettings(held, made)) return { steps: [], result: held };
        if (held !== undefined) throw elbErrors.duplicateTargetGroup(name);
        await checkQuota(view, { table: 'elb_target_groups', words: 'TargetGroups', limit: perAccount }, account);
        return { steps: [insertTargetGroup(made), ...tagSteps(made.arn, tags)], result: made };
      });
      return { TargetGroups: [shape(group, await usersOf(core.store, [group.arn]))] };
    },
  });

export const describeTargetGroups = (core: BalancingCore) =>
  operation<DescribeTargetGroupsInput, DescribeTargetGroupsOutput>({
    name: 'DescribeTargetGroups',
    schema: DescribeTargetGroups$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { account } = call.principal;
      const { TargetGroupArns: arns = [], Names: names = [], LoadBalancerArn } = input;
      if ([arns.length > 0, names.length > 0, LoadBalancerArn !== undefined].filter(Boolean).length > 1)
        throw elbErrors.validation('Only one of LoadBalancerArn, TargetGroupArns and Names can be given');
      if (LoadBalancerArn !== undefined) await requireLoadBalancer(core.store, account, LoadBalancerArn);
      const all = await findTargetGroups(core.store, sql`account = ${account}`);
      const users = await usersOf(
        core.store,
        all.map((each) => each.arn),
      );
      const found = all.filter(
        (each) =>
          (arns.length === 0 || arns.includes(each.arn)) &&
          (names.length === 0 || names.includes(each.name)) &&
          (LoadBalancerArn === undefined || users.get(each.arn)?.includes(LoadBalancerArn)),
      );
      if (found.length < new Set([...arns, ...names]).size) throw elbErrors.targetGroupNotFound();
      const { items, ...rest } = page(found, input, (each) => each.arn);
      return { TargetGroups: items.map((each) => shape(each, users)), ...rest };
    },
  });

export const modifyTargetGroup = (core: BalancingCore) =>
  operation<ModifyTargetGroupInput, ModifyTargetGroupOutput>({
    name: 'ModifyTargetGroup',
    schema: ModifyTargetGroup$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.TargetGroupArn]),
    async handle(input, call) {
      const after = await core.store.update(async (view) => {
        const before = await requireTargetGroup(view, call.principal.account, input.TargetGroupArn);
        const protocol = readCheckProtocol(input.HealthCheckProtocol ?? before.health.protocol, before.protocol);
        const changed = { ...before, health: readHealthCheck(input, { ...before.health, protocol }) };
        return { steps: [replaceTargetGroup(before, changed)], result: changed };
      });
      core.wake();
      return { TargetGroups: [shape(after, await usersOf(core.store, [after.arn]))] };
    },
  });

export const deleteTargetGroup = (core: BalancingCore) =>
  operation<DeleteTargetGroupInput, object>({
    name: 'DeleteTargetGroup',
    schema: DeleteTargetGroup$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.TargetGroupArn]),
    async handle(input, call) {
      const held = await findTargetGroup(core.store, call.principal.account, input.TargetGroupArn ?? '');
      if (held === undefined) return {};
      const users = await usersOf(core.store, [held.arn]);
      if (users.size > 0) throw elbErrors.targetGroupInUse(held.arn);
      await core.store.write([
        { sql: sql`DELETE FROM elb_targets WHERE target_group_arn = ${held.arn}` },
        { sql: sql`DELETE FROM elb_tags WHERE resource_arn = ${held.arn}` },
        {
          sql: sql`DELETE FROM elb_target_groups WHERE arn = ${held.arn}`,
          otherwise: () => elbErrors.targetGroupInUse(held.arn),
        },
      ]);
      core.wake();
      return {};
    },
  });

export const describeTargetGroupAttributes = (core: BalancingCore) =>
  operation<DescribeTargetGroupAttributesInput, DescribeTargetGroupAttributesOutput>({
    name: 'DescribeTargetGroupAttributes',
    schema: DescribeTargetGroupAttributes$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const group = await requireTargetGroup(core.store, call.principal.account, input.TargetGroupArn);
      return { Attributes: targetGroupAttributes(group.protocol).shape(group.attributes) };
    },
  });

export const modifyTargetGroupAttributes = (core: BalancingCore) =>
  operation<ModifyTargetGroupAttributesInput, ModifyTargetGroupAttributesOutput>({
    name: 'ModifyTargetGroupAttributes',
    schema: ModifyTargetGroupAttributes$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.TargetGroupArn]),
    async handle(input, call) {
      const after = await core.store.update(async (view) => {
        const before = await requireTargetGroup(view, call.principal.account, input.TargetGroupArn);
        const attributes = targetGroupAttributes(before.protocol).merge(before.attributes, input.Attributes ?? []);
        const changed = { ...before, attributes };
        return { steps: [replaceTargetGroup(before, changed)], result: changed };
      });
      core.wake();
      return { Attributes: targetGroupAttributes(after.protocol).shape(after.attributes) };
    },
  });
