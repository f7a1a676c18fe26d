// The meter of the tests: it counts by name and labels.
import { expect, it } from 'vitest';
import { errorText, UserError } from './errors.ts';
import { newHexId, newUuid } from './ids.ts';
import { memoryMeter } from './meter.ts';

it('counts by name and labels, whatever the order of the labels', () => {
  const meter = memoryMeter();
  const counter = meter.counter('requests_total', 'help', ['a', 'b']);
  counter.add();
  counter.add(2, { a: '1', b: '2' });
  counter.add(3, { b: '2', a: '1' });
  expect(meter.value('requests_total')).toBe(1);
  expect(meter.value('requests_total', { a: '1', b: '2' })).toBe(5);
  meter.gauge('level', 'help').set(7);
  meter.gauge('level', 'help').set(4);
  meter.histogram('seconds', 'help').observe(0.5);
  expect([meter.value('level'), meter.value('seconds'), meter.value('nothing')]).toEqual([4, 0.5, 0]);
});

it('makes ids of the shapes that AWS uses, each once', () => {
  expect(newHexId()).toMatch(/^[0-9a-f]{32}$/);
  expect(newUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(Array.from({ length: 1_000 }, newHexId)).size).toBe(1_000);
});

it('has the text of whatever was thrown', () => {
  expect([errorText(new UserError('said', 'do')), errorText('text'), errorText(undefined)]).toEqual([
    'said',
    'text',
    'undefined',
  ]);
  expect(new UserError('said', 'do').next).toBe('do');
});
