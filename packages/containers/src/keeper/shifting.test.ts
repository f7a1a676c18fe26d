// Deployments that shift traffic: in whatever order tasks and the load balancer come along, traffic goes only where tasks are
// healthy, and what has traffic is not stopped.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployment, instance, type Laws, round, service, settleMs, task, type World } from '../testing/kept.ts';
import type { Rollout } from '../services/rollouts.ts';
import type { ShiftingStrategy } from '../services/strategy.ts';
import { advance, stepsOf } from './stages.ts';
import { isUnshifted, weightsOf } from './shift.ts';

const minuteMs = 60_000;

function rollout(more: Partial<Rollout> = {}): Rollout {
  return {
    arn: 'arn:service-deployment',
    status: 'IN_PROGRESS',
    createdAt: 0,
    updatedAt: 0,
    targetRevisionArn: 'revision',
    deploymentId: 'green',
    sources: [],
    failureCount: 0,
    stage: 'PRE_SCALE_UP',
    stageSince: 0,
    ...more,
  };
}

function strategy(more: Partial<ShiftingStrategy> = {}): ShiftingStrategy {
  return { type: 'BLUE_GREEN', bakeMinutes: 5, hooks: [], ...more };
}

function deploying(shifting: ShiftingStrategy, desiredCount: number): World {
  const blue = deployment('blue', { rolloutState: 'COMPLETED', status: 'ACTIVE' });
  return {
    service: service({
      desiredCount,
      shifting,
      circuitBreaker: { enable: true, rollback: true },
      lastCompleted: blue,
      deployments: [deployment('green'), blue],
      rollout: rollout(),
    }),
    tasks: Array.from({ length: desiredCount }, (_, i) => task(`b${i}`, { deploymentId: 'blue' })),
    instances: [instance('i')],
    now: 1_000_000,
    made: 0,
  };
}

const alive = (world: World, id: string) =>
  world.tasks.filter((each) => each.deploymentId === id && each.lastStatus !== 'STOPPED');
const healthy = (world: World, id: string) =>
  alive(world, id).filter(
    (each) =>
      each.desiredStatus === 'RUNNING' &&
      each.lastStatus === 'RUNNING' &&
      world.now - (each.startedAt ?? world.now) >= settleMs,
  ).length;

/** The load balancer does what it is told, sometime. */
function tell(world: World, luck: () => boolean): void {
  const { rollout: current } = world.service;
  if (!isUnshifted(current) || !luck()) return;
  world.service = { ...world.service, rollout: { ...current, applied: current.traffic, appliedAt: world.now } };
}

const strategies = fc.constantFrom(
  strategy(),
  strategy({ bakeMinutes: 0 }),
  strategy({ type: 'CANARY', percent: 5, stepMinutes: 1 }),
  strategy({ type: 'LINEAR', percent: 30, stepMinutes: 1, bakeMinutes: 1 }),
);

describe('shifting traffic', () => {
  test('goes in the steps of its strategy', () => {
    expect(stepsOf(strategy())).toEqual([100]);
    expect(stepsOf(strategy({ type: 'CANARY', percent: 12.5 }))).toEqual([12.5, 100]);
    expect(stepsOf(strategy({ type: 'LINEAR', percent: 30 }))).toEqual([30, 60, 90, 100]);
    expect(stepsOf(strategy({ type: 'LINEAR', percent: 100 }))).toEqual([100]);
    expect([weightsOf(30), weightsOf(12.5), weightsOf(0), weightsOf(100)]).toEqual([
      { green: 30, blue: 70 },
      { green: 125, blue: 874 },
      { green: 0, blue: 100 },
      { green: 100, blue: 0 },
    ]);
  });

  test('reaches the new revision, or comes back from it, and nobody is without tasks', () => {
    const ends = fc.constantFrom('runs' as const, 'fails' as const);
    fc.assert(
      fc.property(
        strategies,
        fc.integer({ min: 1, max: 4 }),
        ends,
        fc.infiniteStream(fc.boolean()),
        (how, count, end, bits) => {
          const luck = () => bits.next().value === true;
          const world = deploying(how, count);
          const seen: number[] = [];
          const laws: Laws = {
            luck,
            outcome: (each) => (each.deploymentId === 'green' ? end : 'runs'),
            watch: (before, plan) => {
              const applied = before.service.rollout?.applied?.production ?? 0;
              if (seen.at(-1) !== applied) seen.push(applied);
              const told = new Set(plan.stop.map((each) => each.arn));
              const loses = (id: string) =>
                alive(before, id).some((each) => each.desiredStatus === 'RUNNING' && told.has(each.arn));
              expect(applied < 100 && loses('blue')).toBe(false);
              expect(applied > 0 && loses('green')).toBe(false);
              const more = (plan.rollout?.traffic?.production ?? 0) > applied;
              expect(more && healthy(before, 'green') < count).toBe(false);
            },
          };
          for (let i = 0; i < 400; i++) {
            round(world, laws);
            tell(world, luck);
          }
          const [left, gone, status] =
            end === 'runs' ? ['green', 'blue', 'SUCCESSFUL'] : ['blue', 'green', 'ROLLBACK_SUCCESSFUL'];
          expect(world.service.rollout?.status).toBe(status);
          expect(alive(world, left).length).toBe(count);
          expect(alive(world, gone)).toEqual([]);
          expect(world.service.deployments).toMatchObject([{ id: left, rolloutState: 'COMPLETED' }]);
          expect(seen).toEqual(end === 'runs' ? [0, ...stepsOf(how)] : [0]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('that is stopped half way goes back before the new tasks stop', () => {
    const world = deploying(strategy({ type: 'CANARY', percent: 10, stepMinutes: 10 }), 2);
    const go = (rounds: number, tells: boolean) => {
      for (let i = 0; i < rounds; i++) {
        round(world, { luck: () => true });
        if (tells) tell(world, () => true);
      }
    };
    go(12, true);
    expect(world.service.rollout).toMatchObject({ stage: 'PRODUCTION_TRAFFIC_SHIFT', applied: { production: 10 } });
    const { rollout: current } = world.service;
    if (current) world.service = { ...world.service, rollout: { ...current, status: 'ROLLBACK_REQUESTED' } };
    go(3, false);
    expect(world.service.rollout).toMatchObject({ status: 'ROLLBACK_IN_PROGRESS', traffic: { production: 0 } });
    expect(alive(world, 'green').length).toBe(2);
    go(6, true);
    expect(world.service.rollout?.status).toBe('ROLLBACK_SUCCESSFUL');
    expect([alive(world, 'green').length, alive(world, 'blue').length]).toEqual([0, 2]);
  });

  test('waits at a hook for its answer, and acts by itself when there is none in time', () => {
    const hooks = [{ stages: ['POST_SCALE_UP' as const], timeoutMinutes: 60, timeoutAction: 'ROLLBACK' as const }];
    const facts = { now: 1000, scaledUp: true, replaces: true, blind: false };
    const waiting = advance(rollout(), strategy({ hooks }), facts);
    expect(waiting.rollout.stage).toBe('POST_SCALE_UP');
    expect(waiting.at).toBe(1000 + 60 * minuteMs);
    const [pause] = waiting.rollout.pauses ?? [];
    expect(pause).toMatchObject({ status: 'AWAITING_ACTION', stage: 'POST_SCALE_UP' });
    const late = advance(waiting.rollout, strategy({ hooks }), { ...facts, now: waiting.at });
    expect(late.rollout.status).toBe('ROLLBACK_REQUESTED');
    const answered = { ...waiting.rollout, pauses: [{ ...pause, status: 'SUCCEEDED' as const }] } as Rollout;
    const on = advance(answered, strategy({ hooks }), facts);
    expect(on.rollout).toMatchObject({ stage: 'TEST_TRAFFIC_SHIFT', traffic: { test: 100, production: 0 } });
  });

  test('goes on after its bake only when it is known whether its alarms ring', () => {
    const traffic = { production: 100, test: 100 };
    const baked = rollout({ stage: 'BAKE_TIME', stageSince: 0, traffic, applied: traffic });
    const facts = { now: 5 * minuteMs, scaledUp: true, replaces: true };
    expect(advance(baked, strategy(), { ...facts, blind: true })).toEqual({ rollout: baked, at: 0 });
    expect(advance(baked, strategy(), { ...facts, blind: false }).rollout.stage).toBe('CLEAN_UP');
  });

  test('of a first deployment needs no baking', () => {
    const first = { now: 1000, scaledUp: true, replaces: false, blind: true };
    const shifted = advance(rollout(), strategy(), first).rollout;
    expect(shifted.traffic).toEqual({ test: 100, production: 100 });
    expect(advance({ ...shifted, applied: shifted.traffic }, strategy(), first).rollout.stage).toBe('CLEAN_UP');
  });
});
