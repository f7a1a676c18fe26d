// From the targets that are wanted and the servers that the proxy has to what it is told, and to what is known of the targets
// then. Pure. A new server is drained (checked, but sent nothing) until its first check has passed; one that is deregistered is
// drained until nothing is under way; only what nobody wants is removed.
import { drainMs } from '../attributes.ts';
import { inProgress } from '../targets.ts';
import type { Target, TargetCondition, TargetGroup } from '../types.ts';
import { backendName, type ProxyServer, serverLine, serverOptions } from './config.ts';
import type { SeenServer } from './seen.ts';

export interface ProxyPlan {
  /** In order; those of one server belong together. */
  readonly commands: readonly string[];
  readonly states: readonly { readonly target: Target; readonly state: TargetCondition; readonly reason: string }[];
  /** Draining targets that are done. */
  readonly gone: readonly Target[];
  /** Whether something is under way that should be looked at soon. */
  readonly moving: boolean;
}

export interface PlanInput {
  readonly groups: ReadonlyMap<string, TargetGroup>;
  /** Groups that a listener which is served forwards to. */
  readonly served: ReadonlySet<string>;
  readonly targets: readonly Target[];
  /** Undefined if the proxy does not run. */
  readonly seen: readonly SeenServer[] | undefined;
  /** What workers that finish since a reload still do, by `backend/name`. */
  readonly lingering: ReadonlyMap<string, number>;
  /** Since when servers were seen drained and idle, by name. */
  readonly idleSince: ReadonlyMap<string, number>;
  readonly now: number;
}

/** A request that was given to a server just before it was drained shows within this time. */
export const settleMs = 250;

export function serverOf(target: Target, group: TargetGroup): ProxyServer {
  const { name, address, port } = target;
  return { backend: backendName(target.groupArn), name, address, port, options: serverOptions(group) };
}

function reasonOf(status: string): string {
  if (status === 'L7STS' || status === 'L7RSP') return 'Target.ResponseCodeMismatch';
  return status.endsWith('TOUT') ? 'Target.Timeout' : 'Target.FailedHealthChecks';
}

/** A target that has not passed yet fails when it has had the time for as many checks as make one unhealthy. */
function isNew(target: Target, group: TargetGroup, now: number): boolean {
  const { unhealthyCount, intervalSeconds } = group.health;
  return target.state === 'initial' && now - target.registeredAt < 1000 * unhealthyCount * intervalSeconds;
}

function stateOf(server: SeenServer | undefined, fresh: boolean): { state: TargetCondition; reason: string } {
  const first = { state: 'initial' as const, reason: 'Elb.InitialHealthChecking' };
  if (server === undefined || (fresh && server.drained)) return first;
  if (server.check === 'failed' && !server.up) return { state: 'unhealthy', reason: reasonOf(server.checkStatus) };
  return server.up && !server.drained && !server.maintained ? { state: 'healthy', reason: '' } : first;
}

function isIdle(server: SeenServer, input: PlanInput): boolean {
  return server.drained && server.busy === 0 && !input.lingering.get(`${server.backend}/${server.name}`);
}

function isGone(target: Target, server: SeenServer | undefined, input: PlanInput): boolean {
  const group = input.groups.get(target.groupArn);
  if (group === undefined || !input.served.has(target.groupArn)) return true;
  if (input.now - (target.deregisteredAt ?? input.now) >= drainMs(group)) return true;
  // Nobody knows what a proxy does that cannot be asked.
  if (input.seen === undefined) return false;
  if (server === undefined) return !input.lingering.get(`${backendName(target.groupArn)}/${target.name}`);
  const since = input.idleSince.get(target.name);
  return isIdle(server, input) && since !== undefined && input.now - since >= settleMs;
}

/** Which servers are drained and idle now, since when. */
export function noteIdle(input: PlanInput): Map<string, number> {
  const idle = (input.seen ?? []).filter((each) => isIdle(each, input));
  return new Map(idle.map((each) => [each.name, input.idleSince.get(each.name) ?? input.now]));
}

export function planProxy(input: PlanInput): ProxyPlan {
  const seen = new Map((input.seen ?? []).map((each) => [each.name, each]));
  const commands: string[] = [];
  const states: { target: Target; state: TargetCondition; reason: string }[] = [];
  const gone: Target[] = [];
  const wanted = new Set<string>();
  let moving = false;
  for (const target of input.targets) {
    const server = seen.get(target.name);
    const group = input.groups.get(target.groupArn);
    const at = `${backendName(target.groupArn)}/${target.name}`;
    if (target.deregisteredAt !== undefined) {
      if (isGone(target, server, input)) {
        gone.push(target);
        continue;
      }
      wanted.add(target.name);
      moving = true;
      if (target.state !== 'draining') states.push({ target, state: 'draining', reason: inProgress });
      if (server !== undefined && !server.drained) commands.push(`set server ${at} state drain`);
      continue;
    }
    if (group === undefined || !input.served.has(target.groupArn)) {
      if (target.state !== 'unused') states.push({ target, state: 'unused', reason: 'Target.NotInUse' });
      continue;
    }
    wanted.add(target.name);
    if (input.seen === undefined) {
      moving = true;
    } else if (server === undefined) {
      commands.push(
        `add server ${backendName(target.groupArn)}/${serverLine(serverOf(target, group))}`,
        `enable health ${at}`,
        `set server ${at} state drain`,
      );
    } else if ((server.drained || server.maintained) && server.check === 'passed') {
      // The first that passes counts, as in ELB, however many failed before; the threshold is for targets that were healthy.
      if (!server.up && target.state === 'initial') commands.push(`set server ${at} health up`);
      if (server.up || target.state === 'initial') commands.push(`set server ${at} state ready`);
    }
    const { state, reason } = stateOf(server, isNew(target, group, input.now));
    if (state === 'initial') moving = true;
    if (state !== target.state || reason !== target.reason) states.push({ target, state, reason });
  }
  for (const server of input.seen ?? []) {
    if (wanted.has(server.name)) continue;
    const at = `${server.backend}/${server.name}`;
    commands.push(`set server ${at} state maint`, `shutdown sessions server ${at}`, `del server ${at}`);
  }
  return { commands, states, gone, moving: moving || commands.length > 0 };
}
