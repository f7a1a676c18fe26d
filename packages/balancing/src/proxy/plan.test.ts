// What the proxy is told, against a proxy that behaves as HAProxy does, with any luck: nothing is cut, nothing is sent to what has
// not passed a check, and it comes to rest with what was wanted.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Target, TargetGroup } from '../types.ts';
import { backendName } from './config.ts';
import { noteIdle, type PlanInput, planProxy, settleMs } from './plan.ts';
import type { SeenServer } from './seen.ts';

const groupArn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef';
const delaySeconds = 100;
const group: TargetGroup = {
  arn: groupArn,
  account: '123456789012',
  name: 'web',
  protocol: 'HTTP',
  port: 80,
  targetType: 'ip',
  vpcId: undefined,
  health: {
    enabled: true,
    protocol: 'HTTP',
    port: undefined,
    path: '/',
    intervalSeconds: 5,
    timeoutSeconds: 2,
    healthyCount: 2,
    unhealthyCount: 2,
    matcher: '200',
  },
  attributes: { 'deregistration_delay.timeout_seconds': String(delaySeconds) },
  createdAt: 0,
  version: 1,
};

function target(name: string, more: Partial<Target> = {}): Target {
  return {
    groupArn,
    id: '10.0.0.1',
    port: 80,
    name,
    owner: '',
    address: '10.0.0.1',
    state: 'initial',
    reason: '',
    registeredAt: 0,
    deregisteredAt: undefined,
    ...more,
  };
}

function server(name: string, more: Partial<SeenServer> = {}): SeenServer {
  return {
    backend: backendName(groupArn),
    name,
    up: true,
    drained: false,
    maintained: false,
    check: 'passed',
    checkStatus: 'L7OK',
    busy: 0,
    ...more,
  };
}

function input(more: Partial<PlanInput>): PlanInput {
  return {
    groups: new Map([[groupArn, group]]),
    served: new Set([groupArn]),
    targets: [],
    seen: [],
    lingering: new Map(),
    idleSince: new Map(),
    now: 1_000,
    ...more,
  };
}

/** HAProxy, as far as it is told: dynamic servers begin in maintenance. */
function obey(servers: Map<string, SeenServer>, commands: readonly string[]): void {
  for (const command of commands) {
    const words = command.split(' ');
    const add = words[0] === 'add';
    const name = words.find((word) => word.includes('/'))?.split('/')[1] ?? '';
    const held = servers.get(name);
    if (add) servers.set(name, server(name, { maintained: true, check: 'none' }));
    else if (words[0] === 'del' && held?.maintained && held.busy === 0) servers.delete(name);
    else if (held === undefined) continue;
    else if (words[3] === 'health') servers.set(name, { ...held, up: true });
    else if (words[3] === 'state')
      servers.set(name, { ...held, drained: words[4] === 'drain', maintained: words[4] === 'maint' });
  }
}

describe('the plan of the proxy', () => {
  test('whatever happens, no target is let go under a request, and none gets one before it passed', () => {
    const event = fc.record({
      of: fc.nat({ max: 5 }),
      what: fc.constantFrom('register', 'deregister', 'pass', 'fail', 'request', 'finish', 'nothing'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const targets = new Map<string, Target>();
        const servers = new Map<string, SeenServer>();
        const passed = new Set<string>();
        let idleSince: ReadonlyMap<string, number> = new Map();
        let now = 1_000;
        const round = () => {
          const given = input({ targets: [...targets.values()], seen: [...servers.values()], idleSince, now });
          const plan = planProxy(given);
          idleSince = noteIdle(given);
          obey(servers, plan.commands);
          for (const { target: of, state, reason } of plan.states) targets.set(of.name, { ...of, state, reason });
          for (const each of plan.gone) {
            expect(servers.get(each.name)?.busy ?? 0, 'a request under way is not cut').toBe(0);
            targets.delete(each.name);
          }
          for (const each of servers.values())
            expect(each.drained || each.maintained || passed.has(each.name), 'none is ready before it passed').toBe(
              true,
            );
        };
        for (const { of, what } of events) {
          const name = `t${of}`;
          const held = targets.get(name);
          const at = servers.get(name);
          now += 200;
          if (what === 'register' && held === undefined && at === undefined)
            targets.set(name, target(name, { registeredAt: now }));
          if (what === 'deregister' && held && held.deregisteredAt === undefined)
            targets.set(name, { ...held, deregisteredAt: now, state: 'draining' });
          if (what === 'pass' && at) {
            servers.set(name, { ...at, check: 'passed', up: true });
            passed.add(name);
          }
          if (what === 'fail' && at) servers.set(name, { ...at, check: 'failed', up: false });
          // Only a server that is ready and up is given requests.
          if (what === 'request' && at?.up && !at.drained && !at.maintained)
            servers.set(name, { ...at, busy: at.busy + 1 });
          if (what === 'finish' && at && at.busy > 0) servers.set(name, { ...at, busy: at.busy - 1 });
          round();
        }
        // Then all requests end and all checks pass: it comes to rest with exactly what is registered, all of it healthy.
        for (let i = 0; i < 12; i++) {
          for (const each of servers.values()) {
            servers.set(each.name, { ...each, busy: 0, check: 'passed', up: true });
            passed.add(each.name);
          }
          now += settleMs;
          round();
        }
        const left = [...targets.values()];
        expect(left.every((each) => each.deregisteredAt === undefined && each.state === 'healthy')).toBe(true);
        expect([...servers.keys()].toSorted()).toEqual(left.map((each) => each.name).toSorted());
      }),
    );
  });

  test('a drained target waits for old workers, but not for longer than its delay', () => {
    const drains = target('t1', { deregisteredAt: 1_000, state: 'draining' });
    const seen = [server('t1', { drained: true })];
    const since = new Map([['t1', 1_000]]);
    const lingering = new Map([[`${backendName(groupArn)}/t1`, 1]]);
    const later = { targets: [drains], seen, idleSince: since, now: 1_000 + settleMs };
    expect(planProxy(input({ ...later, lingering })).gone).toEqual([]);
    expect(planProxy(input(later)).gone).toEqual([drains]);
    expect(planProxy(input({ ...later, lingering, now: 1_000 + delaySeconds * 1_000 })).gone).toEqual([drains]);
  });

  test('without a proxy a draining target waits for its delay; in a group that nothing forwards to for nothing', () => {
    const drains = target('t1', { deregisteredAt: 1_000, state: 'draining' });
    expect(planProxy(input({ targets: [drains], seen: undefined, now: 2_000 })).gone).toEqual([]);
    expect(planProxy(input({ targets: [drains], seen: undefined, now: 200_000 })).gone).toEqual([drains]);
    expect(planProxy(input({ targets: [drains], served: new Set(), now: 1_001 })).gone).toEqual([drains]);
  });

  test('one that has not answered yet fails only after as many intervals as make a target unhealthy', () => {
    const failing = [server('t1', { drained: true, up: false, check: 'failed', checkStatus: 'L4CON' })];
    const fresh = target('t1', { registeredAt: 1_000, reason: 'Elb.InitialHealthChecking' });
    expect(planProxy(input({ targets: [fresh], seen: failing, now: 5_000 })).states).toEqual([]);
    expect(planProxy(input({ targets: [fresh], seen: failing, now: 11_000 })).states).toMatchObject([
      { state: 'unhealthy', reason: 'Target.FailedHealthChecks' },
    ]);
  });
});
