// RegisterTargets, DeregisterTargets, DescribeTargetHealth.
import { isIP } from 'node:net';
import {
  DeregisterTargets$,
  type DeregisterTargetsInput,
  DescribeTargetHealth$,
  type DescribeTargetHealthInput,
  type DescribeTargetHealthOutput,
  RegisterTargets$,
  type RegisterTargetsInput,
  type TargetDescription,
  type TargetHealthDescription,
  type TargetHealthReasonEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { newServerName } from '../names.ts';
import { deregisterStep, findTargets, registerStep } from '../targets.ts';
import type { Target, TargetGroup } from '../types.ts';
import { arnAccess, everyAccess } from './input.ts';
import { requireTargetGroup } from './target-groups.ts';

const perCall = 1000;
const perGroup = 1000;

/** Addresses that only this machine's operator may name: they would reach what listens for this machine alone. */
function isOwn(address: string): boolean {
  return /^(?:127\.|0\.|169\.254\.|22[4-9]\.|2[3-5]\d\.)/.test(address) || address.includes(':');
}

async function addressOf(core: BalancingCore, group: TargetGroup, id: string): Promise<string> {
  if (group.targetType === 'instance') {
    const address = await core.machineAddress(group.account, id);
    if (address === undefined)
      throw elbErrors.invalidTarget(
        `The following targets are not container instances with an address: '${id.slice(0, 64)}'`,
      );
    return address;
  }
  if (isIP(id) === 0) throw elbErrors.validation(`The IP address '${id.slice(0, 64)}' is not a valid IPv4 address`);
  if (isOwn(id) && group.account !== core.operator)
    throw elbErrors.invalidTarget(`The IP address '${id}' is not within a network that targets may be in`);
  return id;
}

function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw elbErrors.validation('Port must be between 1 and 65535');
  return port;
}

function listOf(given: readonly TargetDescription[] | undefined): readonly TargetDescription[] {
  if ((given?.length ?? 0) < 1 || (given?.length ?? 0) > perCall)
    throw elbErrors.validation(`Targets must name 1 to ${perCall} targets`);
  return given ?? [];
}

export const registerTargets = (core: BalancingCore) =>
  operation<RegisterTargetsInput, object>({
    name: 'RegisterTargets',
    schema: RegisterTargets$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.TargetGroupArn]),
    async handle(input, call) {
      const group = await requireTargetGroup(core.store, call.principal.account, input.TargetGroupArn);
      const wanted: Target[] = [];
      for (const { Id = '', Port } of listOf(input.Targets)) {
        wanted.push({
          groupArn: group.arn,
          id: Id,
          port: checkPort(Port ?? group.port),
          name: newServerName(),
          owner: '',
          address: await addressOf(core, group, Id),
          state: 'initial',
          reason: 'Elb.RegistrationInProgress',
          registeredAt: call.now,
          deregisteredAt: undefined,
        });
      }
      await core.store.update(async (view) => {
        const held = await findTargets(view, sql`target_group_arn = ${group.arn}`);
        const there = (each: Target) =>
          held.some((one) => one.id === each.id && one.port === each.port && one.deregisteredAt === undefined);
        const fresh = wanted.filter((each) => !there(each));
        if (held.length + fresh.length > perGroup) throw elbErrors.tooMany('Targets', perGroup);
        return { steps: fresh.map(registerStep), result: undefined };
      });
      core.wake();
      return {};
    },
  });

export const deregisterTargets = (core: BalancingCore) =>
  operation<DeregisterTargetsInput, object>({
    name: 'DeregisterTargets',
    schema: DeregisterTargets$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.TargetGroupArn]),
    async handle(input, call) {
      const group = await requireTargetGroup(core.store, call.principal.account, input.TargetGroupArn);
      const named = listOf(input.Targets);
      const held = await findTargets(core.store, sql`target_group_arn = ${group.arn}`);
      const gone = held.filter((each) =>
        named.some(({ Id, Port }) => Id === each.id && (Port === undefined || Port === each.port)),
      );
      if (gone.length > 0) await core.store.write(gone.map((each) => deregisterStep(each, call.now)));
      core.wake();
      return {};
    },
  });

const descriptions: Readonly<Record<string, string>> = {
  'Elb.RegistrationInProgress': 'Target registration is in progress',
  'Elb.InitialHealthChecking': 'Initial health checks in progress',
  'Target.ResponseCodeMismatch': 'Health checks failed with other response codes than the matcher allows',
  'Target.Timeout': 'Request timed out',
  'Target.FailedHealthChecks': 'Health checks failed',
  'Target.NotInUse': 'Target group is not configured to receive traffic from the load balancer',
  'Target.DeregistrationInProgress': 'Target deregistration is in progress',
  'Target.NotRegistered': 'Target is not registered to the target group',
};

function shape(group: TargetGroup, target: Target): TargetHealthDescription {
  const why =
    target.reason === ''
      ? {}
      : { Reason: target.reason as TargetHealthReasonEnum, Description: descriptions[target.reason] };
  return {
    Target: { Id: target.id, Port: target.port },
    HealthCheckPort: String(group.health.port ?? target.port),
    TargetHealth: { State: target.state, ...why },
  };
}

export const describeTargetHealth = (core: BalancingCore) =>
  operation<DescribeTargetHealthInput, DescribeTargetHealthOutput>({
    name: 'DescribeTargetHealth',
    schema: DescribeTargetHealth$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const group = await requireTargetGroup(core.store, call.principal.account, input.TargetGroupArn);
      const held = await findTargets(core.store, sql`target_group_arn = ${group.arn}`);
      if (input.Targets === undefined) return { TargetHealthDescriptions: held.map((each) => shape(group, each)) };
      const shown = listOf(input.Targets).map(({ Id = '', Port = group.port }): TargetHealthDescription => {
        const target = held.find((each) => each.id === Id && each.port === Port);
        if (target !== undefined) return shape(group, target);
        const reason = 'Target.NotRegistered';
        return {
          Target: { Id, Port },
          TargetHealth: { State: 'unused', Reason: reason, Description: descriptions[reason] },
        };
      });
      return { TargetHealthDescriptions: shown };
    },
  });
