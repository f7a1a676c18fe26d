// Plans of whole courses: the circuit breaker, daemons, lost instances, spreading anew. Whatever the luck, the service comes
// to rest at what was wanted, and never breaks its bounds by what it does itself.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployment, instance, type Laws, round, service, settleMs, task, type World } from '../testing/kept.ts';
import { thresholdOf } from './failures.ts';
import { isIdle, planService } from './plan.ts';
import type { KeptInstance, KeptTask } from './types.ts';

const breaker = { enable: true, rollback: true };
const lucky = (luck: Iterator<boolean>) => () => luck.next().value === true;
const alive = (world: World) => world.tasks.filter((each) => each.lastStatus !== 'STOPPED');

function world(more: Partial<World>): World {
  return { service: service(), tasks: [], instances: [instance('i')], now: 1_000_000, made: 0, ...more };
}

function run(at: World, laws: Laws, rounds: number): void {
  for (let i = 0; i < rounds; i++) round(at, laws);
}

/** Nothing more to do, however long one waits. */
function expectRest(at: World): void {
  const plan = planService(at.service, at.tasks, at.instances, { now: at.now, settleMs });
  expect(isIdle(at.service, plan)).toBe(true);
}

describe('the circuit breaker', () => {
  test('tolerates half of the desired count, at least 3 and at most 200 failures, or what is asked', () => {
    const of = (desiredCount: number, more: object = {}) =>
      thresholdOf({ desiredCount, circuitBreaker: { ...breaker, ...more } });
    expect([1, 6, 25, 400, 800].map((count) => of(count))).toEqual([3, 3, 13, 200, 200]);
    expect(of(10, { threshold: { type: 'COUNT', value: 7 } })).toBe(7);
    expect(of(10, { threshold: { type: 'UNBOUNDED_PERCENT', value: 10 } })).toBe(1);
    expect(of(10, { threshold: { type: 'BOUNDED_PERCENT', value: 80 } })).toBe(8);
    expect(of(10, { enable: false })).toBeUndefined();
  });

  test('a deployment that fails is given up, and what served before serves on', () => {
    const bad = fc.constantFrom('fails' as const, 'ends' as const);
    const counts = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(
        counts,
        bad,
        fc.integer({ min: 0, max: 99 }),
        fc.infiniteStream(fc.boolean()),
        (count, how, min, luck) => {
          const good = deployment('good', { rolloutState: 'COMPLETED', status: 'ACTIVE' });
          const at = world({
            service: service({
              desiredCount: count,
              minimumHealthyPercent: min,
              circuitBreaker: breaker,
              lastCompleted: good,
              deployments: [deployment('bad'), good],
            }),
            tasks: Array.from({ length: count }, (_, i) => task(`g${i}`, { deploymentId: 'good' })),
          });
          const minimum = Math.ceil((count * min) / 100);
          const laws: Laws = {
            luck: lucky(luck),
            outcome: (each) => (each.deploymentId === 'bad' ? how : 'runs'),
            watch: (before, plan) => {
              const told = new Set(plan.stop.map((each) => each.arn));
              const serving = alive(before).filter(
                (each) =>
                  each.desiredStatus === 'RUNNING' &&
                  each.lastStatus === 'RUNNING' &&
                  before.now - (each.startedAt ?? before.now) >= settleMs,
              );
              const left = serving.filter((each) => !told.has(each.arn)).length;
              expect(left === serving.length || left >= Math.min(minimum, serving.length)).toBe(true);
            },
          };
          run(at, laws, 300);
          expect(alive(at).map((each) => each.deploymentId)).toEqual(Array(count).fill('good'));
          expect(at.service.deployments).toMatchObject([{ id: 'good', status: 'PRIMARY', rolloutState: 'COMPLETED' }]);
          expectRest(at);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a deployment whose tasks become healthy now and then is not given up for failures between', () => {
    let at = 0;
    const between = world({ service: service({ desiredCount: 4, circuitBreaker: breaker }) });
    // Every fourth start fails; the others stay.
    const outcomes = new Map<string, 'runs' | 'fails'>();
    const outcome = ({ arn }: KeptTask) => {
      const known = outcomes.get(arn) ?? (at++ % 4 === 3 ? 'fails' : 'runs');
      outcomes.set(arn, known);
      return known;
    };
    run(between, { luck: () => true, outcome }, 60);
    expect(between.service.deployments[0]).toMatchObject({ rolloutState: 'COMPLETED' });
  });
});

describe('alarms', () => {
  const watching = (ringing: readonly string[] | undefined, rollback = true, bakeMs = 0) => {
    const good = deployment('good', { rolloutState: 'COMPLETED', status: 'ACTIVE' });
    return world({
      service: service({
        desiredCount: 1,
        alarms: { rollback, ringing, bakeMs },
        lastCompleted: good,
        deployments: [deployment('new'), good],
        rollout: {
          arn: 'r',
          status: 'IN_PROGRESS',
          createdAt: 0,
          updatedAt: 0,
          targetRevisionArn: 'revision',
          deploymentId: 'new',
          sources: [],
          failureCount: 0,
        },
      }),
      tasks: [task('g', { deploymentId: 'good' })],
    });
  };
  const know = (at: World, ringing: readonly string[] | undefined) => {
    const { rollback = false, bakeMs = 0 } = at.service.alarms ?? {};
    at.service = { ...at.service, alarms: { rollback, ringing, bakeMs } };
  };
  const ring = (at: World, ...ringing: string[]) => know(at, ringing);

  test('that begin to ring during a deployment bring the one before back', () => {
    const at = watching([]);
    run(at, { luck: () => true }, 2);
    ring(at, 'errors');
    run(at, { luck: () => true }, 10);
    expect(at.service.deployments).toMatchObject([{ id: 'good', rolloutState: 'COMPLETED' }]);
    expect(at.service.rollout).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL', triggeredAlarms: ['errors'] });
    expect(alive(at).map((each) => each.arn)).toEqual(['g']);
  });

  test('that rang before it began say nothing of it', () => {
    const at = watching(['old']);
    run(at, { luck: () => true }, 12);
    expect(at.service.rollout).toMatchObject({ status: 'SUCCESSFUL', ignoredAlarms: ['old'] });
    expect(alive(at).every((each) => each.deploymentId === 'new')).toBe(true);
  });

  test('are waited for as long as they need to ring', () => {
    const at = watching([], true, 60_000);
    for (let i = 0; i < 20 && !at.service.steady; i++) round(at, { luck: () => true });
    expect(at.service).toMatchObject({ steady: true, rollout: { status: 'IN_PROGRESS' } });
    const since = at.service.rollout?.bakingSince ?? 0;
    const plan = planService(at.service, at.tasks, at.instances, { now: at.now, settleMs });
    expect(plan.lookAgainAt).toBe(since + 60_000);
    ring(at, 'errors');
    run(at, { luck: () => true }, 10);
    expect(at.service.rollout).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL', triggeredAlarms: ['errors'] });
    const calm = watching([], true, 60_000);
    run(calm, { luck: () => true }, 20);
    expect(calm.service.rollout).toMatchObject({ status: 'SUCCESSFUL' });
    expect((calm.service.rollout?.finishedAt ?? 0) - (calm.service.rollout?.bakingSince ?? 0)).toBeGreaterThan(59_999);
  });

  test('that cannot be known are not taken for silent: the deployment is not complete, whatever time goes by', () => {
    const at = watching(undefined);
    run(at, { luck: () => true }, 50);
    expect(at.service).toMatchObject({ steady: true, rollout: { status: 'IN_PROGRESS' } });
    expect(at.service.rollout?.ignoredAlarms).toBeUndefined();
    expectRest(at);
    know(at, ['old']);
    run(at, { luck: () => true }, 3);
    expect(at.service.rollout).toMatchObject({ status: 'SUCCESSFUL', ignoredAlarms: ['old'] });
  });

  test('that are not known for a while are waited for anew', () => {
    const at = watching([], true, 60_000);
    for (let i = 0; i < 20 && !at.service.steady; i++) round(at, { luck: () => true });
    expect(at.service.rollout?.bakingSince).toBeDefined();
    know(at, undefined);
    run(at, { luck: () => true }, 50);
    expect(at.service.rollout).toMatchObject({ status: 'IN_PROGRESS', ignoredAlarms: [] });
    const seen = at.now;
    know(at, []);
    run(at, { luck: () => true }, 1);
    expect(at.service.rollout?.bakingSince).toBeGreaterThanOrEqual(seen);
    ring(at, 'errors');
    run(at, { luck: () => true }, 10);
    expect(at.service.rollout).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL', triggeredAlarms: ['errors'] });
  });

  test('without rollback stop the deployment where it is', () => {
    const at = watching([], false);
    run(at, { luck: () => true }, 1);
    ring(at, 'errors');
    run(at, { luck: () => true }, 10);
    expect(at.service.deployments[0]).toMatchObject({
      rolloutState: 'FAILED',
      rolloutStateReason: 'ECS deployment alarms: alarm detected.',
    });
    expect(at.service.rollout?.status).toBe('STOPPED');
    expect(alive(at).map((each) => each.arn)).toContain('g');
  });
});

describe('an unhealthy task of a service at rest', () => {
  const sick = (more: object = {}) =>
    world({
      service: service({ deployments: [deployment('new', { rolloutState: 'COMPLETED' })], steady: true, ...more }),
      tasks: [task('a', { healthStatus: 'UNHEALTHY' }), task('b')],
    });

  test('is stopped when its replacement is healthy', () => {
    const at = sick();
    expect(round(at, { luck: () => true })).toMatchObject({ start: 1, stop: [] });
    run(at, { luck: () => true }, 8);
    expect(alive(at).map((each) => each.arn)).toEqual(['b', 't1']);
    expectRest(at);
  });

  test('makes room where the maximum or the instances have none', () => {
    const full = sick({ minimumHealthyPercent: 50, maximumPercent: 100 });
    expect(round(full, { luck: () => true }).stop).toEqual([{ arn: 'a', why: 'unhealthy' }]);
    expect(round(sick(), { luck: () => true }).stopIfNoRoom).toEqual([{ arn: 'a', why: 'unhealthy' }]);
  });

  test('is left alone in the grace period', () => {
    const at = sick({ graceMs: 2_000_000 });
    const plan = round(at, { luck: () => true });
    expect([plan.start, plan.stop]).toEqual([0, []]);
    expect(plan.lookAgainAt).toBe(2_000_000);
    const target = task('t', { targetHealth: 'UNHEALTHY', startedAt: 0 });
    at.service = service({ desiredCount: 1, deployments: [deployment('new')], graceMs: 1000 });
    at.tasks = [target];
    expect(round(at, { luck: () => true }).stop).toEqual([{ arn: 't', why: 'unhealthy target' }]);
  });
});

describe('a daemon', () => {
  const instances = fc.array(fc.record({ suits: fc.boolean(), draining: fc.boolean(), lost: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });

  test('comes to rest with one task of the new definition on each instance that suits, and never has two on one', () => {
    const percents = fc.constantFrom([0, 100], [50, 100], [75, 100], [50, 200]);
    fc.assert(
      fc.property(instances, percents, fc.infiniteStream(fc.boolean()), (kinds, [min = 0, max = 100], luck) => {
        const place = (kind: { suits: boolean; draining: boolean; lost: boolean }, i: number): KeptInstance =>
          instance(`i${i}`, {
            suits: kind.suits,
            status: kind.draining ? 'DRAINING' : 'ACTIVE',
            lost: kind.lost,
            connected: !kind.lost,
          });
        const at = world({
          service: service({
            strategy: 'DAEMON',
            minimumHealthyPercent: min,
            maximumPercent: max,
            desiredCount: 0,
            deployments: [deployment('new'), deployment('old', { status: 'ACTIVE' })],
          }),
          instances: kinds.map(place),
          tasks: kinds.map((_, i) => task(`o${i}`, { deploymentId: 'old', instanceArn: `i${i}` })),
        });
        const laws: Laws = {
          luck: lucky(luck),
          watch: (before, plan) => {
            for (const arn of plan.startOn) {
              const there = alive(before).filter((each) => each.instanceArn === arn).length;
              expect(there <= (max > 100 ? 1 : 0)).toBe(true);
            }
          },
        };
        run(at, laws, 200);
        const wanted = at.instances.filter((each) => each.status === 'ACTIVE' && each.suits && !each.lost);
        const there = alive(at).filter((each) => !each.lost);
        // Where the minimum leaves nobody to stop, as ECS says, nothing moves: one instance and 50 percent of it.
        const minimum = Math.ceil((wanted.length * min) / 100);
        if (max === 100 && minimum >= wanted.length) return;
        expect(there.map((each) => each.instanceArn).sort()).toEqual(wanted.map((each) => each.arn).sort());
        expect(there.every((each) => each.deploymentId === 'new')).toBe(true);
        expect(at.service.desiredCount).toBe(wanted.length);
        expectRest(at);
      }),
      { numRuns: 60 },
    );
  });

  test('stays on a draining instance until nothing else is there', () => {
    const at = world({
      service: service({ strategy: 'DAEMON', minimumHealthyPercent: 0, maximumPercent: 100 }),
      instances: [instance('i', { status: 'DRAINING', others: 1 })],
      tasks: [task('d')],
    });
    const first = round(at, { luck: () => true });
    expect(first.stop).toEqual([]);
    at.instances = [instance('i', { status: 'DRAINING', others: 0 })];
    expect(round(at, { luck: () => true }).stop).toEqual([{ arn: 'd', why: 'scaling' }]);
  });
});

describe('a lost instance', () => {
  const home = () =>
    world({
      service: service({
        desiredCount: 2,
        deployments: [deployment('new', { rolloutState: 'COMPLETED' })],
        steady: true,
      }),
      instances: [instance('a'), instance('b'), instance('c')],
      tasks: [task('x', { instanceArn: 'a' }), task('y', { instanceArn: 'b' })],
    });
  const cut = (at: World, lost: boolean) => {
    at.instances = [instance('a', { lost, connected: !lost }), instance('b'), instance('c')];
  };

  test('has its task replaced, and on its return one copy is left', () => {
    const at = home();
    cut(at, true);
    run(at, { luck: () => true }, 8);
    expect(
      alive(at)
        .filter((each) => each.desiredStatus === 'RUNNING')
        .map((each) => each.arn),
    ).toEqual(['y', 't1']);
    expect(at.service.steady).toBe(true);
    cut(at, false);
    run(at, { luck: () => true }, 3);
    expect(alive(at).map((each) => each.arn)).toEqual(['y', 't1']);
    expectRest(at);
  });

  test('that returns before the replacement is there keeps its task', () => {
    const at = home();
    cut(at, true);
    round(at, { luck: () => false });
    expect(alive(at).map((each) => each.arn)).toEqual(['x', 'y', 't1']);
    cut(at, false);
    run(at, { luck: () => true }, 6);
    expect(alive(at).map((each) => each.arn)).toEqual(['x', 'y']);
    expectRest(at);
  });

  test('when all are lost, nothing is stopped', () => {
    const at = home();
    at.instances = at.instances.map((each) => ({ ...each, lost: true, connected: false }));
    const plan = round(at, { luck: () => true });
    expect(plan.stop).toEqual([]);
  });
});

describe('spreading anew', () => {
  test('makes zones and instances even, one task at a time, and then leaves them alone', () => {
    const places = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(places, fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }), (zones, where) => {
        const instances = zones.map((zone, i) => instance(`i${i}`, { zone }));
        const on = (at: number) => instances[at % instances.length] ?? instance('none');
        const at = world({
          service: service({
            desiredCount: where.length,
            balance: 'instances',
            steady: true,
            deployments: [deployment('new', { rolloutState: 'COMPLETED' })],
          }),
          instances,
          tasks: where.map((i, n) => task(`t-${n}`, { instanceArn: on(i).arn, zone: on(i).zone })),
        });
        let moved = 0;
        const watch: Laws['watch'] = (before, plan) => {
          moved += plan.startOn.length;
          expect(plan.startOn.length === 0 || alive(before).length === where.length).toBe(true);
          expect(alive(before).length <= where.length + 1).toBe(true);
        };
        run(at, { luck: () => true, watch }, 12 * (where.length + 1));
        const count = (key: (each: KeptTask) => string, of: string) =>
          alive(at).filter((each) => key(each) === of).length;
        const spread = (all: string[], key: (each: KeptTask) => string) => {
          const counts = [...new Set(all)].map((each) => count(key, each));
          return Math.max(...counts) - Math.min(...counts);
        };
        expect(spread(zones, (each) => each.zone)).toBeLessThanOrEqual(1);
        for (const zone of new Set(zones)) {
          const mine = instances.filter((each) => each.zone === zone).map((each) => each.arn);
          expect(spread(mine, (each) => each.instanceArn)).toBeLessThanOrEqual(1);
        }
        expect(moved).toBeLessThanOrEqual(2 * where.length);
        expect(at.service.steady).toBe(true);
        expectRest(at);
      }),
      { numRuns: 60 },
    );
  });
});
