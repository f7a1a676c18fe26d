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

const containerRanks = ['PENDING', 'RUNNING', 'STOPPED'];

/** What is wrong with a change, in words. */
function faultsOf(before: TaskRecord, after: TaskRecord): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, words: string) => void (holds || faults.push(words));
  must(before.lastStatus !== 'STOPPED', 'a STOPPED task changed');
  must(after.version === before.version + 1, 'the version did not grow by one');
  must(statusRank(after.lastStatus) >= statusRank(before.lastStatus), 'the status went back');
  must(before.desiredStatus === 'RUNNING' || after.desiredStatus === 'STOPPED', 'the desired status went back');
  must(before.stopCode === '' || after.stopCode === before.stopCode, 'the stop code changed');
  must(before.startedAt === undefined || after.startedAt === before.startedAt, 'the start moved');
  after.document.containers.forEach((container, at) => {
    const old = before.document.containers[at];
    const rank = containerRanks.indexOf(container.lastStatus);
    must(rank >= containerRanks.indexOf(old?.lastStatus ?? ''), 'a container went back');
    must(old?.exitCode === undefined || container.exitCode === old.exitCode, 'an exit code changed');
    must(old?.runtimeId === undefined || container.runtimeId === old.runtimeId, 'a runtime id changed');
  });
  return faults;
}

/** What a STOPPED task must say of itself. */
function isWellEnded(task: TaskRecord): boolean {
  const { stoppedReason } = task.document;
  const told = task.stopCode !== '' && stoppedReason !== undefined && stoppedReason !== '';
  return task.lastStatus !== 'STOPPED' || (task.desiredStatus === 'STOPPED' && told && task.stoppedAt !== undefined);
}

describe('a task under any sequence of reports and wishes', () => {
  test('moves forward only, grows by one version a change, and stays as it is once STOPPED', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), fc.boolean(), (happenings, offered) => {
        let task = newTaskRecord({ offered });
        const faults: string[] = [];
        for (const [i, what] of happenings.entries()) {
          const after = step(task, what, 1000 + i);
          if (after === undefined) continue;
          faults.push(...faultsOf(task, after));
          task = after;
        }
        expect(faults).toEqual([]);
        expect(isWellEnded(task)).toBe(true);
      }),
    );
  });

  test('a repeated report changes nothing', () => {
    fc.assert(
      fc.property(report, (each) => {
        const once = applyReport(newTaskRecord(), each, 5) ?? newTaskRecord();
        const twice = applyReport(once, each, 6);
        expect(twice === undefined || once.version === 1).toBe(true);
      }),
    );
    expect(applyReport(newTaskRecord({ acked: 'RUNNING' }), { containers: [], status: 'STOPPED' }, 1)?.version).toBe(2);
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
