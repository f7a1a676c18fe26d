import { expect, it } from 'vitest';
import { lineLogger } from './line-logger.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };

function logged(use: (log: ReturnType<typeof lineLogger>) => void): unknown[] {
  const lines: string[] = [];
  use(lineLogger('info', (line) => void lines.push(line), clock));
  return lines.map((line) => JSON.parse(line) as unknown);
}

it('writes one JSON object a line, from its level on', () => {
  const lines = logged((log) => {
    log.debug({}, 'no');
    log.warn({ task: 't' }, 'yes');
  });
  expect(lines).toEqual([{ time: '1970-01-01T00:00:00.000Z', level: 'warn', task: 't', msg: 'yes' }]);
});

it('never writes a secret, at whatever depth', () => {
  const lines = logged((log) =>
    log.info({ password: 'p', key: { secretAccessKey: 's', list: [{ Authorization: 'a' }] } }, 'm'),
  );
  expect(lines).toMatchObject([
    { password: '[secret]', key: { secretAccessKey: '[secret]', list: [{ Authorization: '[secret]' }] } },
  ]);
});

it('survives errors, big numbers and circles', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const lines = logged((log) => {
    log.error({ err: new Error('why'), size: 1n }, 'm');
    log.error(circle, 'round');
  });
  expect(lines).toMatchObject([{ err: { message: 'why' }, size: '1' }, { msg: 'round' }]);
});
