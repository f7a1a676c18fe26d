// Parameters that both databases keep as they are. What one of them would bend (NaN, NUL, undefined) is refused here.
import type { SqlValue } from './sql.ts';

/** Throws TypeError unless there are `expected` values and each can be stored exactly. */
export function checkParams(text: string, params: readonly SqlValue[], expected: number): void {
  if (params.length !== expected) {
    throw new TypeError(`${expected} parameters wanted, ${params.length} given: ${text.slice(0, 200)}`);
  }
  for (let i = 0; i < params.length; i++) {
    const problem = problemOf(params[i]);
    if (problem !== undefined) throw new TypeError(`Parameter ${i + 1} ${problem}: ${text.slice(0, 200)}`);
  }
}

function problemOf(value: unknown): string | undefined {
  if (value === null || value instanceof Uint8Array) return undefined;
  if (typeof value === 'string') return value.includes('\0') ? 'has a NUL character' : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'is not a finite number';
  return `is ${value === undefined ? 'undefined' : `a ${typeof value}`}, not a string, number, null or bytes`;
}
