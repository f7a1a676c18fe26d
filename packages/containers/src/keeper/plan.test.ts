// The keeper's plan: never below the minimum or above the maximum, and it comes to rest with what was wanted.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pauseAfter } from './failures.ts';
import { isIdle, planService as plan } from './plan.ts';
import { deployment, service, settleMs, task } from '../testing/kept.ts';
import type { KeptService, KeptTask, PlanSettings } from './types.ts';

function planService(kept: KeptService, tasks: readonly KeptTask[], settings: PlanSettings) {
  return plan(kept, tasks, [], settings);
}

/** A world in which agents do in a round what they are told, or not, as `luck` says. */
function simulate(start: KeptService, first: KeptTask[], luck: () => boolean, rounds: number) {
  let kept = start;
  let tasks = first;
  let now = 1_000_000;
  let made = 0;
  const healthy = (each: KeptTask) => each.lastStatus === 'RUNNING' && now - (each.startedAt ?? now) >= settleMs;
  for (let round = 0; round < rounds; round++) {
    const plan = planService(kept, tasks, { now, settleMs });
    const alive = tasks.filter((each) => each.lastStatus !== 'STOPPED');
    const maximum = Math.max(Math.floor((kept.desiredCount * kept.maximumPercent) / 100), 1);
    const minimum = Math.ceil((kept.desiredCount * kept.minimumHealthyPercent) / 100);
    const stopping = new Set(plan.stop.map((each) => each.arn));
    const before = alive.filter((each) => each.desiredStatus === 'RUNNING' && healthy(each));
    const after = before.filter((each) => !stopping.has(each.arn));
    expect(plan.start === 0 || alive.length + plan.start <= maximum).toBe(true);
    expect(before.length === after.length || after.length >= Math.min(minimum, before.length)).toBe(true);
    if (plan.finished) return { kept, tasks, plan };
    const settled = new Set(plan.settle);
    const { deployments, lastCompleted, steady } = plan;
    kept = { ...kept, deployments, lastCompleted, steady };
    tasks = tasks
      .filter((each) => !settled.has(each.arn))
      .map((each) => (stopping.has(each.arn) ? { ...each, desiredStatus: 'STOPPED' as const } : each));
    const id = plan.deployments[0]?.id ?? '';
    for (let i = 0; i < plan.start; i++)
      tasks.push(task(`t${made++}`, { deploymentId: id, lastStatus: 'PENDING', startedAt: undefined, createdAt: now }));
    now += 10_000;
    tasks = tasks.map((each) => {
      if (!luck()) return each;
      if (each.desiredStatus === 'STOPPED') return { ...each, lastStatus: 'STOPPED' as const };
      return each.lastStatus === 'PENDING' ? { ...each, lastStatus: 'RUNNING' as const, startedAt: now } : each;
    });
  }
  return { kept, tasks, plan: planService(kept, tasks, { now, settleMs }) };
}

describe('planning a service', () => {
  test('a rolling update keeps the minimum and the maximum, and ends with the new tasks only', () => {
    const percents = fc.record({
      minimumHealthyPercent: fc.integer({ min: 0, max: 99 }),
      maximumPercent: fc.integer({ min: 100, max: 300 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8 }),
        fc.nat(8),
        percents,
        fc.infiniteStream(fc.boolean()),
        (desiredCount, old, how, luck) => {
          const tasks = Array.from({ length: old }, (_, i) => task(`old${i}`, { deploymentId: 'old' }));
          const start = service({
            ...how,
            desiredCount,
            deployments: [deployment('new'), deployment('old', { status: 'ACTIVE' })],
          });
          // Too small a service for its percents cannot move one by one (ECS too): leave those out.
          const maximum = Math.floor((desiredCount * how.maximumPercent) / 100);
          const minimum = Math.ceil((desiredCount * how.minimumHealthyPercent) / 100);
          fc.pre(desiredCount === 0 || maximum > minimum);
          const end = simulate(start, tasks, () => luck.next().value === true, 400);
          expect(end.tasks.filter((each) => each.lastStatus !== 'STOPPED').map((each) => each.deploymentId)).toEqual(
            Array(desiredCount).fill('new'),
          );
          expect(end.kept.deployments.map((each) => each.id)).toEqual(['new']);
          expect(end.kept.deployments[0]?.rolloutState).toBe('COMPLETED');
          expect(end.kept.steady).toBe(true);
          expect(isIdle(end.kept, end.plan)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a deleted service stops everything, then is finished', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.infiniteStream(fc.boolean()), (count, luck) => {
        const tasks = Array.from({ length: count }, (_, i) => task(`t${i}`));
        const end = simulate(
          service({ status: 'DRAINING', desiredCount: 0 }),
          tasks,
          () => luck.next().value === true,
          200,
        );
        expect(end.plan.finished).toBe(true);
        expect(end.plan.start).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('a task without a health check counts as healthy only after a while', () => {
    const both = { deployments: [deployment('new'), deployment('old', { status: 'ACTIVE' })], desiredCount: 1 };
    const tasks = [task('n', { startedAt: 100_000 }), task('o', { deploymentId: 'old', startedAt: 0 })];
    expect(planService(service(both), tasks, { now: 110_000, settleMs }).stop).toEqual([]);
    expect(planService(service(both), tasks, { now: 140_000, settleMs }).stop).toEqual([{ arn: 'o', why: 'scaling' }]);
  });

  test('old tasks of which nobody knows yet whether they serve stay until the new ones do', () => {
    const both = { deployments: [deployment('new'), deployment('old', { status: 'ACTIVE' })], desiredCount: 1 };
    const old = task('o', { deploymentId: 'old', startedAt: 0, targetHealth: 'INITIAL' });
    const at = { now: 140_000, settleMs };
    expect(planService(service(both), [old], at)).toMatchObject({ start: 1, stop: [] });
    const coming = task('n', { startedAt: 120_000, targetHealth: 'INITIAL' });
    expect(planService(service(both), [old, coming], at).stop).toEqual([]);
    const serving = task('n', { startedAt: 120_000, targetHealth: 'HEALTHY' });
    expect(planService(service(both), [old, serving], at).stop).toEqual([{ arn: 'o', why: 'scaling' }]);
  });

  test('an unhealthy task is stopped, and replaced as far as the maximum allows', () => {
    const tasks = [task('a', { healthStatus: 'UNHEALTHY' }), task('b')];
    const plan = planService(service(), tasks, { now: 1, settleMs });
    expect(plan.stop).toEqual([{ arn: 'a', why: 'unhealthy' }]);
    expect(plan.start).toBe(1);
  });

  test('tasks on a draining instance move away', () => {
    const tasks = [task('a', { draining: true }), task('b')];
    const first = planService(service(), tasks, { now: 100_000, settleMs });
    expect([first.start, first.stop]).toEqual([1, []]);
    const moved = [...tasks, task('c', { startedAt: 100_000 })];
    expect(planService(service(), moved, { now: 200_000, settleMs }).stop).toEqual([{ arn: 'a', why: 'scaling' }]);
  });

  test('tasks that never start are waited for longer and longer, up to fifteen minutes', () => {
    let kept = service({ desiredCount: 1 });
    const pauses: number[] = [];
    for (let round = 0; round < 14; round++) {
      const now = 1_000_000;
      const end = {
        lastStatus: 'STOPPED',
        startedAt: undefined,
        stopCode: 'TaskFailedToStart',
        createdAt: now,
      } as const;
      const failed = task(`f${round}`, end);
      const plan = planService(kept, [failed], { now, settleMs });
      expect(plan.start).toBe(0);
      expect(plan.settle).toEqual([`f${round}`]);
      pauses.push((plan.deployments[0]?.retryAt ?? 0) - now);
      kept = { ...kept, deployments: plan.deployments };
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(pauses.at(-1)).toBe(15 * 60_000);
    expect(pauseAfter(100)).toBe(15 * 60_000);
    expect(kept.deployments[0]?.failedTasks).toBe(14);
    const ok = task('ok', { startedAt: 1_900_000 });
    const running = planService(kept, [ok], { now: 1_930_000, settleMs });
    expect(running.deployments[0]).toMatchObject({ failedRounds: 0, retryAt: 0, failedTasks: 14 });
    const healthy = planService(kept, [ok], { now: 2_000_000, settleMs });
    expect(healthy.deployments[0]).toMatchObject({ failedRounds: 0, failedTasks: 0 });
  });

  test('a task that ran and ended is replaced at once', () => {
    const ended = task('e', { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
    expect(planService(service({ desiredCount: 1 }), [ended], { now: 1, settleMs }).start).toBe(1);
  });
});
