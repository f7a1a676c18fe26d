// CreateListener, DescribeListeners, ModifyListener, DeleteListener, and their attributes.
import {
  type Action,
  CreateListener$,
  type CreateListenerInput,
  type CreateListenerOutput,
  DeleteListener$,
  type DeleteListenerInput,
  DescribeListenerAttributes$,
  type DescribeListenerAttributesInput,
  type DescribeListenerAttributesOutput,
  DescribeListeners$,
  type DescribeListenersInput,
  type DescribeListenersOutput,
  type Listener as ApiListener,
  ModifyListener$,
  ModifyListenerAttributes$,
  type ModifyListenerAttributesInput,
  type ModifyListenerAttributesOutput,
  type ModifyListenerInput,
  type ModifyListenerOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql, sqlList, type View } from '@longshore/store';
import { groupsOf, readActions } from '../actions.ts';
import { listenerAttributes } from '../attributes.ts';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { deleteListenerSteps, findListener, findListeners, insertListener, replaceListener } from '../listeners.ts';
import { listenerArn, newId } from '../names.ts';
import { probePort } from '../proxy/probe.ts';
import { targetGroupsByArn, useSteps } from '../target-groups.ts';
import type { Listener, LoadBalancer, Protocol } from '../types.ts';
import { arnAccess, everyAccess, page, readTags, tagSteps } from './input.ts';
import { requireLoadBalancer } from './load-balancers.ts';

const perLoadBalancer = 50;

function shape(listener: Listener): ApiListener {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: listener.port,
    Protocol: listener.protocol,
    DefaultActions: [...listener.actions],
  };
}

export async function requireListener(view: View, account: string, arn: string | undefined): Promise<Listener> {
  const found = await findListener(view, account, arn ?? '');
  if (found === undefined) throw elbErrors.listenerNotFound();
  return found;
}

/** Throws TargetGroupNotFound or IncompatibleProtocols. */
export async function checkGroups(view: View, account: string, protocol: Protocol, actions: readonly Action[]) {
  const wanted = groupsOf(actions);
  const groups = await targetGroupsByArn(view, wanted, account);
  if (groups.length < wanted.length) throw elbErrors.targetGroupNotFound();
  const other = groups.find((each) => each.protocol !== protocol);
  if (other !== undefined)
    throw elbErrors.incompatible(
      `The listener's protocol ${protocol} cannot be used with the target group '${other.arn}' of the protocol ${other.protocol}`,
    );
}

function readProtocol(given: string | undefined, balancer: LoadBalancer): Protocol {
  const own = balancer.type === 'application' ? 'HTTP' : 'TCP';
  if (given === own) return own;
  throw elbErrors.unsupportedProtocol(
    `Listeners of the protocol '${String(given).slice(0, 20)}' are not available for ${balancer.type} load balancers in Longshore. Use ${own}.`,
  );
}

function readPort(port: number | undefined): number {
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw elbErrors.validation('Port must be between 1 and 65535');
  return port;
}

/** Throws InvalidConfigurationRequest if something else listens there, or may not. */
async function checkPortFree(core: BalancingCore, address: string, port: number): Promise<void> {
  const why = await probePort(address, port);
  if (why === undefined) return;
  core.log.info({ address, port, why }, 'a listener was refused its port');
  throw elbErrors.portInUse(address, port, why);
}

async function checkPortUnused(view: View, balancer: LoadBalancer, port: number, except?: string): Promise<void> {
  const [held] = await findListeners(view, sql`address = ${balancer.address} AND port = ${port}`);
  if (held === undefined || held.arn === except) return;
  if (held.loadBalancerArn === balancer.arn) throw elbErrors.duplicateListener();
  throw elbErrors.portInUse(balancer.address, port, 'another load balancer listens there');
}

function refuseCertificates(
  input: Pick<CreateListenerInput, 'Certificates' | 'SslPolicy' | 'MutualAuthentication'>,
): void {
  if (
    (input.Certificates?.length ?? 0) > 0 ||
    input.SslPolicy !== undefined ||
    input.MutualAuthentication !== undefined
  )
    throw elbErrors.unsupportedProtocol(
      'Certificates are not available in Longshore: end TLS in front of it, or use a TCP listener.',
    );
}

export const createListener = (core: BalancingCore) =>
  operation<CreateListenerInput, CreateListenerOutput>({
    name: 'CreateListener',
    schema: CreateListener$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.LoadBalancerArn]),
    async handle(input, call) {
      const { account } = call.principal;
      refuseCertificates(input);
      const balancer = await requireLoadBalancer(core.store, account, input.LoadBalancerArn);
      const protocol = readProtocol(input.Protocol, balancer);
      const port = readPort(input.Port);
      const actions = readActions(input.DefaultActions, protocol);
      const tags = readTags(input.Tags);
      await checkPortUnused(core.store, balancer, port);
      await checkPortFree(core, balancer.address, port);
      const listener = await core.store.update(async (view) => {
        await requireLoadBalancer(view, account, balancer.arn);
        await checkPortUnused(view, balancer, port);
        await checkGroups(view, account, protocol, actions);
        const held = await findListeners(view, sql`load_balancer_arn = ${balancer.arn}`);
        if (held.length >= perLoadBalancer) throw elbErrors.tooMany('Listeners', perLoadBalancer);
        const made: Listener = {
          arn: listenerArn(balancer.arn, newId()),
          account,
          loadBalancerArn: balancer.arn,
          address: balancer.address,
          port,
          protocol,
          actions,
          attributes: {},
          version: 1,
        };
        return {
          steps: [
            insertListener(made),
            ...useSteps(made.arn, balancer.arn, groupsOf(actions)),
            ...tagSteps(made.arn, tags),
          ],
          result: made,
        };
      });
      core.wake();
      return { Listeners: [shape(listener)] };
    },
  });

export const describeListeners = (core: BalancingCore) =>
  operation<DescribeListenersInput, DescribeListenersOutput>({
    name: 'DescribeListeners',
    schema: DescribeListeners$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { account } = call.principal;
      const { LoadBalancerArn, ListenerArns: arns = [] } = input;
      if ((LoadBalancerArn === undefined) === (arns.length === 0))
        throw elbErrors.validation('You must specify either listener ARNs or a load balancer ARN');
      const balancer =
        LoadBalancerArn === undefined ? undefined : await requireLoadBalancer(core.store, account, LoadBalancerArn);
      const found = await findListeners(
        core.store,
        balancer ? sql`load_balancer_arn = ${balancer.arn}` : sql`account = ${account} AND arn IN (${sqlList(arns)})`,
      );
      if (found.length < new Set(arns).size) throw elbErrors.listenerNotFound();
      const { items, ...rest } = page(found, input, (each) => each.arn);
      return { Listeners: items.map(shape), ...rest };
    },
  });

export const modifyListener = (core: BalancingCore) =>
  operation<ModifyListenerInput, ModifyListenerOutput>({
    name: 'ModifyListener',
    schema: ModifyListener$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.ListenerArn]),
    async handle(input, call) {
      const { account } = call.principal;
      refuseCertificates(input);
      const known = await requireListener(core.store, account, input.ListenerArn);
      if (input.Port !== undefined && input.Port !== known.port)
        await checkPortFree(core, known.address, readPort(input.Port));
      const listener = await core.store.update(async (view) => {
        const before = await requireListener(view, account, input.ListenerArn);
        const balancer = await requireLoadBalancer(view, account, before.loadBalancerArn);
        const protocol = input.Protocol === undefined ? before.protocol : readProtocol(input.Protocol, balancer);
        const port = input.Port === undefined ? before.port : readPort(input.Port);
        await checkPortUnused(view, balancer, port, before.arn);
        const actions =
          input.DefaultActions === undefined ? before.actions : readActions(input.DefaultActions, protocol);
        await checkGroups(view, account, protocol, actions);
        const after: Listener = { ...before, protocol, port, actions };
        return {
          steps: [replaceListener(before, after), ...useSteps(before.arn, balancer.arn, groupsOf(actions))],
          result: after,
        };
      });
      core.wake();
      return { Listeners: [shape(listener)] };
    },
  });

export const deleteListener = (core: BalancingCore) =>
  operation<DeleteListenerInput, object>({
    name: 'DeleteListener',
    schema: DeleteListener$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.ListenerArn]),
    async handle(input, call) {
      const { arn } = await requireListener(core.store, call.principal.account, input.ListenerArn);
      await core.store.write(deleteListenerSteps(arn));
      core.wake();
      return {};
    },
  });

export const describeListenerAttributes = (core: BalancingCore) =>
  operation<DescribeListenerAttributesInput, DescribeListenerAttributesOutput>({
    name: 'DescribeListenerAttributes',
    schema: DescribeListenerAttributes$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { attributes } = await requireListener(core.store, call.principal.account, input.ListenerArn);
      return { Attributes: listenerAttributes().shape(attributes) };
    },
  });

export const modifyListenerAttributes = (core: BalancingCore) =>
  operation<ModifyListenerAttributesInput, ModifyListenerAttributesOutput>({
    name: 'ModifyListenerAttributes',
    schema: ModifyListenerAttributes$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.ListenerArn]),
    async handle(input, call) {
      const after = await core.store.update(async (view) => {
        const before = await requireListener(view, call.principal.account, input.ListenerArn);
        const changed = {
          ...before,
          attributes: listenerAttributes().merge(before.attributes, input.Attributes ?? []),
        };
        return { steps: [replaceListener(before, changed)], result: changed };
      });
      core.wake();
      return { Attributes: listenerAttributes().shape(after.attributes) };
    },
  });
