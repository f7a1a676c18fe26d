// Starting a container once, as the simulation taught it: what is not written down before, or is repeated blindly, runs twice.
import { expect, test } from 'vitest';
import { EngineUnreachable } from '../docker/errors.ts';
import { freshlyCreated } from '../task/observe.ts';
import { newRecord } from '../task/record.ts';
import type { ObservedContainer } from '../task/types.ts';
import { sampleTask } from '../testing/sample-task.ts';
import { stepTable } from './steps.ts';
import type { Hands, StepContext } from './types.ts';

/** One container that was made. The Engine starts it, and loses as many answers as it is told to. */
function stage(lostAnswers: number) {
  const done: string[] = [];
  let truly: ObservedContainer = freshlyCreated('id');
  let seen = truly;
  let lost = 0;
  const refresh = async () => {
    done.push('look');
    seen = truly;
  };
  const hands = {
    engine: {
      async startContainer() {
        done.push('start');
        truly = { ...truly, status: 'running' };
        if (lost++ < lostAnswers) throw new EngineUnreachable('the answer was lost');
      },
    },
    networks: { noteLaunch: () => undefined },
    launchLimit: <T>(work: () => Promise<T>) => work(),
  } as unknown as Hands;
  const start = (again: boolean) => {
    const context: StepContext = {
      record: () => record,
      again,
      seen: () => seen,
      refresh,
      refreshStarted: refresh,
      noteCreated: () => undefined,
      idOf: () => 'id',
      async saved() {
        done.push('save');
      },
      signal: new AbortController().signal,
    };
    return stepTable.start({ kind: 'start', container: 'main' }, context, hands);
  };
  const record = newRecord(sampleTask());
  const ends = () => {
    truly = { ...truly, status: 'exited', exitCode: 0 };
  };
  return { start, ends, done };
}

test('that a container was made is on disk before it runs', async () => {
  const { start, done } = stage(0);
  await start(false);
  expect(done).toEqual(['save', 'start', 'look']);
});

test('a start whose answer was lost is not repeated when the container has run and ended since', async () => {
  const { start, ends, done } = stage(1);
  await expect(start(false)).rejects.toThrow('the answer was lost');
  ends();
  await start(true);
  expect(done).toEqual(['save', 'start', 'look']);
});
