import { expect, it } from 'vitest';
import { humanBytes, humanPercent, humanSpan } from './human.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024, '10 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [128 * 1024 * 1024, '128 MiB'],
  [3 * 1024 ** 4, '3.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text);
});

it.each([
  [-5_000, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_199_000, '1h'],
  [86_400_000 * 12, '12d'],
])('%d ms are %s', (ms, text) => {
  expect(humanSpan(ms)).toBe(text);
});

it.each([
  [0, '0.0%'],
  [12.34, '12.3%'],
  [99.96, '100%'],
  [250.4, '250%'],
])('%d percent are %s', (percent, text) => {
  expect(humanPercent(percent)).toBe(text);
});
