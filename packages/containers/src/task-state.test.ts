// The state machine under any order of reports: forward only, once STOPPED nothing changes, every change is one version.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyHealth, applyReport, askToStop, statusRank, taskHealth, type TaskReport } from './task-state.ts';
import { newTaskRecord } from './testing/records.ts';
import type { TaskRecord } from './tasks.ts';

const containerReport = fc.record(
  {
    name: fc.constantFrom('main', 'side', 'other'),
    status: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED', 'NONSENSE'),
    exitCode: fc.integer({ min: 0, max: 255 }),
    reason: fc.constantFrom('', 'OutOfMemoryError', 'CannotPullContainerError: no'),
    runtimeId: fc.constantFrom('', 'a', 'b'),
  },
  { requiredKeys: ['name'] },
);

const report: fc.Arbitrary<TaskReport> = fc.record(
  {
    status: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'),
    reason: fc.constantFrom('', 'why'),
    containers: fc.array(containerReport, { maxLength: 3 }),
    pullStartedAt: fc.integer({ min: 1, max: 100 }),
  },
  { requiredKeys: ['containers'] },
);

type Happening =
  | { readonly report: TaskReport }
  | { readonly stop: true }
  | { readonly health: 'HEALTHY' | 'UNHEALTHY' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: report.map((each) => ({ report: each })) },
  { weight: 1, arbitrary: fc.constant({ stop: true as const }) },
  { weight: 1, arbitrary: fc.constantFrom('HEALTHY' as const, 'UNHEALTHY' as const).map((health) => ({ health })) },
);

function step(task: TaskRecord, what: Happening, now: number): TaskRecord | undefined {
  if ('report' in what) return applyReport(task, what.report, now);
  if ('stop' in what) return askToStop(task, 'UserInitiated', 'stop', now);
  return applyHealth(task, new Map([['main', what.health]]));
}

describe('a task under any sequence of reports and wishes', () => {
  test('moves forward only, grows by one version a change, and stays as it is once STOPPED', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), fc.boolean(), (happenings, offered) => {
        let task = newTaskRecord({ offered });
        let releases = 0;
        happenings.forEach((what, i) => {
          const after = step(task, what, 1000 + i);
          if (after === undefined) return;
          expect(task.lastStatus).not.toBe('STOPPED');
          expect(after.version).toBe(task.version + 1);
          expect(statusRank(after.lastStatus)).toBeGreaterThanOrEqual(statusRank(task.lastStatus));
          if (task.desiredStatus === 'STOPPED') expect(after.desiredStatus).toBe('STOPPED');
          if (task.stopCode !== '') expect(after.stopCode).toBe(task.stopCode);
          if (task.startedAt !== undefined) expect(after.startedAt).toBe(task.startedAt);
          after.document.containers.forEach((container, at) => {
            const before = task.document.containers[at];
            const ranks = ['PENDING', 'RUNNING', 'STOPPED'];
            expect(ranks.indexOf(container.lastStatus)).toBeGreaterThanOrEqual(ranks.indexOf(before?.lastStatus ?? ''));
            if (before?.exitCode !== undefined) expect(container.exitCode).toBe(before.exitCode);
            if (before?.runtimeId !== undefined) expect(container.runtimeId).toBe(before.runtimeId);
          });
          if (after.lastStatus === 'STOPPED') releases++;
          task = after;
        });
        expect(releases).toBeLessThanOrEqual(1);
        if (task.lastStatus === 'STOPPED') {
          expect(task.desiredStatus).toBe('STOPPED');
          expect(task.stopCode).not.toBe('');
          expect(task.document.stoppedReason).toBeTruthy();
          expect(task.stoppedAt).toBeDefined();
        }
      }),
    );
  });

  test('a repeated report changes nothing', () => {
    fc.assert(
      fc.property(report, (each) => {
        const once = applyReport(newTaskRecord(), each, 5);
        if (once !== undefined) expect(applyReport(once, each, 6)).toBeUndefined();
      }),
    );
  });

  test('only a task that was never offered to an agent ends by a wish alone', () => {
    expect(askToStop(newTaskRecord({ offered: false }), 'UserInitiated', 'x', 1)?.lastStatus).toBe('STOPPED');
    expect(askToStop(newTaskRecord({ offered: true }), 'UserInitiated', 'x', 1)?.lastStatus).toBe('PENDING');
  });
});

test("a task's health is that of its essential containers with a check", () => {
  const [main, side] = newTaskRecord().document.containers;
  if (main === undefined || side === undefined) throw new Error('two containers are needed');
  const checked = { ...main, hasHealthCheck: true };
  expect(taskHealth([main, side])).toBe('UNKNOWN');
  expect(taskHealth([{ ...checked, healthStatus: 'HEALTHY' }, side])).toBe('HEALTHY');
  expect(taskHealth([{ ...checked, healthStatus: 'UNHEALTHY' }, side])).toBe('UNHEALTHY');
  expect(
    taskHealth([
      { ...checked, healthStatus: 'HEALTHY' },
      { ...checked, healthStatus: 'UNKNOWN' },
    ]),
  ).toBe('UNKNOWN');
});
