import { expect, it } from 'vitest';
import { parseCount, parseCpu, parseMemory, parsePublish, parseVariable } from './run-options.ts';

it.each([
  ['8080:80', { hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
  ['80', { hostPort: 0, containerPort: 80, protocol: 'tcp' }],
  ['53:53/udp', { hostPort: 53, containerPort: 53, protocol: 'udp' }],
])('publishes %s', (text, publish) => {
  expect(parsePublish(text)).toEqual(publish);
});

it.each(['', 'x', '80:', ':80', '80:0', '70000:80', '80:70000', '80/icmp', '1:2:3'])(
  'refuses to publish "%s"',
  (text) => {
    expect(() => parsePublish(text)).toThrow(/HOSTPORT:CONTAINERPORT/);
  },
);

it.each([
  ['256', 256],
  ['256m', 256],
  ['1g', 1024],
  ['2GiB', 2048],
])('reads %s of memory', (text, mib) => {
  expect(parseMemory(text)).toBe(mib);
});

it.each(['5', '1t', '-1', '1.5g', ''])('refuses "%s" of memory', (text) => {
  expect(() => parseMemory(text)).toThrow(/MiB/);
});

it('reads cores as CPU units', () => {
  expect([parseCpu('0.25'), parseCpu('2')]).toEqual([256, 2048]);
  expect(() => parseCpu('0')).toThrow(/cores/);
  expect(() => parseCpu('a')).toThrow(/cores/);
});

it('reads variables, from the shell where only named', () => {
  expect(parseVariable('A=b=c', {})).toEqual({ name: 'A', value: 'b=c' });
  expect(parseVariable('A=', {})).toEqual({ name: 'A', value: '' });
  expect(parseVariable('A', { A: 'x' })).toEqual({ name: 'A', value: 'x' });
  expect(() => parseVariable('A', {})).toThrow(/not set/);
  expect(() => parseVariable('=x', {})).toThrow(/NAME=VALUE/);
});

it('bounds counts', () => {
  expect(parseCount(10)('10')).toBe(10);
  for (const text of ['0', '11', '1.5', '-1', 'x']) expect(() => parseCount(10)(text)).toThrow(/1 to 10/);
});
