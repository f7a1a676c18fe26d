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

test('a Prometheus that cannot be reached has no alarms, and that is logged', async () => {
  const logged: unknown[] = [];
  const log = { ...silentLogger, error: (details: object) => void logged.push(details) };
  const watch = prometheusAlarms({ url: 'http://127.0.0.1:1', operator: '1', clock: systemClock, log });
  expect(await watch.find('1', ['A'])).toEqual(new Map());
  expect(logged).toMatchObject([{ url: 'http://127.0.0.1:1' }]);
});
