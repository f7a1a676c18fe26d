// From output to events: targets, lines put together, batches, and what happens when the server is away.
import { silentLogger, systemClock } from '@longshore/base';
import { expect, test } from 'vitest';
import { createAssembler, cutEvent, maxBatchEvents } from './assemble.ts';
import { ship } from './ship.ts';
import { sampleTask, sampleTaskArn } from '../testing/sample-task.ts';
import { logTarget } from './target.ts';
import type { LogSink, OutputEvent, OutputLine } from './types.ts';

const id = sampleTaskArn.slice(-32);

function targetOf(options: Readonly<Record<string, string>>) {
  const hostConfig = JSON.stringify({ LogConfig: { Type: 'awslogs', Config: options } });
  const task = sampleTask([{ name: 'web', dockerConfig: { hostConfig } }]);
  const [container] = task.containers;
  return container && logTarget(task, container);
}

const at = (n: number) => `2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z`;
const lines = (...texts: readonly string[]): OutputLine[] => texts.map((text, i) => ({ at: at(i), text }));

test('the stream is prefix/container/task, the group and its making as the options say', () => {
  expect(
    targetOf({ 'awslogs-group': 'g', 'awslogs-stream-prefix': 'p', 'awslogs-create-group': 'true' }),
  ).toMatchObject({
    group: 'g',
    stream: `p/web/${id}`,
    createGroup: true,
  });
  expect(targetOf({ 'awslogs-group': 'g' })).toMatchObject({ stream: `web/${id}`, createGroup: false });
});

test('a pattern, or a format of dates, begins events of several lines', () => {
  const assembled = (options: Readonly<Record<string, string>>, texts: readonly string[]) => {
    const assembler = createAssembler(targetOf({ 'awslogs-group': 'g', ...options })?.begins);
    const events = lines(...texts).flatMap((line) => assembler.add(line));
    return [...events, ...assembler.flush()].map((event) => event.message);
  };
  expect(assembled({}, ['a', '', ' b'])).toEqual(['a', ' b']);
  expect(assembled({ 'awslogs-multiline-pattern': '^ERROR' }, ['ERROR 1', ' at x', 'ERROR 2'])).toEqual([
    'ERROR 1\n at x',
    'ERROR 2',
  ]);
  expect(
    assembled({ 'awslogs-datetime-format': '%Y-%m-%d %H:%M:%S' }, [
      '2026-01-02 03:04:05 a',
      'b',
      '2026-01-02 03:04:06 c',
    ]),
  ).toEqual(['2026-01-02 03:04:05 a\nb', '2026-01-02 03:04:06 c']);
});

test('a long event is cut between characters', () => {
  const message = 'ä'.repeat(200_000);
  const pieces = cutEvent({ at: at(0), message });
  expect(pieces.length).toBe(2);
  expect(pieces.map((piece) => piece.message).join('')).toBe(message);
});

test('everything is sent once and in order, though the server refuses now and then; what was taken is noted', async () => {
  const count = 2 * maxBatchEvents + 10;
  const sent: OutputEvent[] = [];
  const notes: string[] = [];
  let calls = 0;
  const sink: LogSink = {
    prepare: async () => undefined,
    async put(_target, events) {
      calls += 1;
      if (calls % 2 === 1) throw new TypeError('fetch failed');
      sent.push(...events);
    },
  };
  await ship({
    containerId: 'c',
    tty: false,
    target: { group: 'g', stream: 's', createGroup: false },
    source: {
      async *follow() {
        for (let n = 0; n < count; n++) yield { at: at(n), text: `line ${n}` };
      },
      close: () => undefined,
    },
    sink,
    credentials: () => undefined,
    since: undefined,
    taken: async (time) => void notes.push(time),
    clock: { now: () => Date.now(), sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal) },
    log: silentLogger,
    signal: new AbortController().signal,
  });
  expect(sent.map((event) => event.message)).toEqual(Array.from({ length: count }, (_, n) => `line ${n}`));
  expect(notes.at(-1)).toBe(at(count - 1));
  expect(notes).toEqual(notes.toSorted());
});
