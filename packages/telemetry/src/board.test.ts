// The board against a plain model, and each of its promises by name.
import type { Clock } from '@longshore/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMeasurementBoard } from './board.ts';
import type { Measurement, MeasurementQuery } from './types.ts';

const minute = 60_000;

function scriptedClock(start = 1_000_000): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: () => Promise.resolve(),
    advance(ms) {
      now += ms;
    },
  };
}

function reading(changes: Partial<Measurement> = {}): Measurement {
  return {
    account: '111122223333',
    clusterArn: 'arn:aws:ecs:us-east-1:111122223333:cluster/default',
    containerInstanceArn: 'arn:aws:ecs:us-east-1:111122223333:container-instance/default/i',
    taskArn: 'arn:aws:ecs:us-east-1:111122223333:task/default/t1',
    family: 'web',
    containerName: 'web',
    time: 1,
    cpuPercent: 1,
    cpuSeconds: 1,
    memoryBytes: 1,
    networkRxBytes: 0,
    networkTxBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
    ...changes,
  };
}

const account = '111122223333';

describe('the measurement board', () => {
  it('keeps only the newest reading of a container, whatever order they come in', () => {
    const board = createMeasurementBoard({ clock: scriptedClock() });
    board.record([reading({ time: 5, cpuPercent: 50 }), reading({ time: 3, cpuPercent: 30 })]);
    board.record([reading({ time: 5, cpuPercent: 99 })]);
    expect(board.latest({ account }).map((each) => each.cpuPercent)).toEqual([50]);
    expect(board.statistics()).toEqual({ series: 1, dropped: 0, outdated: 2 });
  });

  it('forgets a container after a minute without news and takes its next reading, even an older one', () => {
    const clock = scriptedClock();
    const board = createMeasurementBoard({ clock });
    board.record([reading({ time: 9 })]);
    clock.advance(minute - 1);
    expect(board.latest({ account })).toHaveLength(1);
    board.record([reading({ time: 8 })]);
    clock.advance(1);
    expect(board.latest({ account })).toEqual([]);
    board.record([reading({ time: 8 })]);
    expect(board.latest({ account }).map((each) => each.time)).toEqual([8]);
  });

  it('refuses further containers when full, counts them, and has room again after forgetting', () => {
    const clock = scriptedClock();
    const board = createMeasurementBoard({ clock, maxSeries: 2 });
    const named = ['a', 'b', 'c'].map((containerName) => reading({ containerName }));
    board.record(named);
    expect(board.statistics()).toEqual({ series: 2, dropped: 1, outdated: 0 });
    expect(board.latest({ account }).map((each) => each.containerName)).toEqual(['a', 'b']);
    clock.advance(minute);
    board.record(named.slice(2));
    expect(board.latest({ account }).map((each) => each.containerName)).toEqual(['c']);
  });

  it('never shows one account the readings of another, even of a task ARN that is not its own', () => {
    const board = createMeasurementBoard({ clock: scriptedClock() });
    board.record([reading(), reading({ account: '999999999999', cpuPercent: 77 })]);
    expect(
      board.latest({ account: '999999999999', taskArn: reading().taskArn }).map((each) => each.cpuPercent),
    ).toEqual([77]);
    expect(board.latest({ account, taskArn: reading().taskArn }).map((each) => each.cpuPercent)).toEqual([1]);
    expect(board.all()).toHaveLength(2);
  });

  it('answers every query as a plain list would', () => {
    const small = (prefix: string) => fc.constantFrom(`${prefix}1`, `${prefix}2`, `${prefix}3`);
    const step = fc.record({
      wait: fc.integer({ min: 0, max: minute }),
      batch: fc.array(
        fc
          .record({
            account: small('a'),
            clusterArn: small('c'),
            taskArn: small('t'),
            containerName: small('n'),
            time: fc.nat(20),
          })
          .map(reading),
        { maxLength: 8 },
      ),
    });
    const query = fc.record(
      { account: small('a'), clusterArn: small('c'), taskArn: small('t') },
      { requiredKeys: ['account'] },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), query, (steps, asked) => {
        const clock = scriptedClock();
        const board = createMeasurementBoard({ clock });
        let model: { reading: Measurement; heardAt: number }[] = [];
        for (const { wait, batch } of steps) {
          clock.advance(wait);
          model = model.filter((each) => clock.now() - each.heardAt < minute);
          for (const next of batch) {
            const same = model.findIndex((each) => sameSeries(each.reading, next));
            if (same >= 0 && (model[same]?.reading.time ?? 0) >= next.time) continue;
            if (same >= 0) model.splice(same, 1);
            model.push({ reading: next, heardAt: clock.now() });
          }
          board.record(batch);
        }
        const expected = model.map((each) => each.reading).filter((each) => matches(each, asked));
        expect(sorted(board.latest(asked))).toEqual(sorted(expected));
        expect(board.all()).toEqual(model.map((each) => each.reading));
      }),
    );
  });
});

function sameSeries(a: Measurement, b: Measurement): boolean {
  return (
    a.account === b.account &&
    a.clusterArn === b.clusterArn &&
    a.taskArn === b.taskArn &&
    a.containerName === b.containerName
  );
}

function matches(each: Measurement, asked: MeasurementQuery): boolean {
  return (
    each.account === asked.account &&
    (asked.clusterArn === undefined || each.clusterArn === asked.clusterArn) &&
    (asked.taskArn === undefined || each.taskArn === asked.taskArn)
  );
}

function sorted(readings: readonly Measurement[]): string[] {
  return readings.map((each) => JSON.stringify(each)).sort();
}
