import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@longshore/base';
import { expect, test } from 'vitest';
import { alarmsOf, prometheusAlarms } from './prometheus-alarms.ts';

const rule = (name: string, state: string, more: object = {}) => ({ name, state, type: 'alerting', ...more });
const answerOf = (interval: number, ...rules: object[]) => ({
  status: 'success',
  data: { groups: [{ name: 'g', file: 'f', interval, rules }] },
});

test('a rule is an alarm of the account that its label names, else of the operator', () => {
  const rules = [rule('A', 'firing'), rule('B', 'pending', { duration: 60, labels: { account: '2' } })];
  expect(alarmsOf(answerOf(15, ...rules, rule('C', 'unknown')), '1')).toEqual([
    { account: '1', name: 'A', state: 'ALARM', evaluationMs: 30_000 },
    { account: '2', name: 'B', state: 'OK', evaluationMs: 90_000 },
    { account: '1', name: 'C', state: 'INSUFFICIENT_DATA', evaluationMs: 30_000 },
  ]);
});

test.each([{}, { data: {} }, answerOf(15, { name: 'A', state: 'ringing' })])('%j is not taken', (answer) => {
  expect(() => alarmsOf(answer, '1')).toThrow(/expected|option/);
});

interface Asked {
  readonly url: string;
  readonly times: number;
}

/** An HTTP server that counts what it is asked and answers, if ever, as `answer` says. */
async function asked(answer: (response: ServerResponse) => void, work: (prometheus: Asked) => Promise<void>) {
  let times = 0;
  const server = createServer((_request, response) => {
    times += 1;
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await work({
      url,
      get times() {
        return times;
      },
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function watched(url: string) {
  const logged: unknown[] = [];
  const log = { ...silentLogger, error: (details: object) => void logged.push(details) };
  let now = 1_000_000;
  const clock = { ...systemClock, now: () => now };
  const watch = prometheusAlarms({ url, operator: '1', clock, log });
  return { find: () => watch.find('1', ['A']), pass: (ms: number) => void (now += ms), logged };
}

const firing = JSON.stringify(answerOf(15, rule('A', 'firing')));
const alarm = new Map([['A', { account: '1', name: 'A', state: 'ALARM', evaluationMs: 30_000 }]]);

test('of a Prometheus that cannot be reached nothing is known, and that is logged', async () => {
  const { find, logged } = watched('http://127.0.0.1:1');
  expect(await find()).toBeUndefined();
  expect(logged).toMatchObject([{ url: 'http://127.0.0.1:1' }]);
});

test('of a Prometheus that answers, an alarm that it does not have is known not to be', async () => {
  await asked(
    (response) => void response.end(JSON.stringify(answerOf(15))),
    async ({ url }) => expect(await watched(url).find()).toEqual(new Map()),
  );
});

test('a Prometheus that hangs is waited for once, not by each who asks, and asked again later', async () => {
  await asked(
    () => undefined,
    async (prometheus) => {
      const { find, pass, logged } = watched(prometheus.url);
      expect(await Promise.all([find(), find(), find()])).toEqual([undefined, undefined, undefined]);
      pass(9_000);
      expect(await find()).toBeUndefined();
      expect([prometheus.times, logged.length]).toEqual([1, 1]);
      pass(1_001);
      expect(await find()).toBeUndefined();
      expect([prometheus.times, logged.length]).toEqual([2, 2]);
    },
  );
});

test('a slow answer is good for a second after it came, and is shared', async () => {
  const at = { pass: (_ms: number): void => undefined };
  await asked(
    (response) => {
      at.pass(1_500);
      response.end(firing);
    },
    async (prometheus) => {
      const { find, pass } = watched(prometheus.url);
      at.pass = pass;
      expect(await Promise.all([find(), find()])).toEqual([alarm, alarm]);
      pass(900);
      expect(await find()).toEqual(alarm);
      expect(prometheus.times).toBe(1);
      pass(101);
      expect(await find()).toEqual(alarm);
      expect(prometheus.times).toBe(2);
    },
  );
});
