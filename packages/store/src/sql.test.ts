// Text and parameters stay apart, however statements are put together.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lru } from './lru.ts';
import { sql, sqlAnd, sqlList } from './sql.ts';

describe('tagged SQL', () => {
  it('never puts a value into the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, number) => {
        const query = sql`SELECT * FROM t WHERE a = ${text} AND b = ${number}`;
        expect(query).toEqual({ text: 'SELECT * FROM t WHERE a = ? AND b = ?', params: [text, number] });
      }),
    );
  });

  it('embeds fragments with their parameters, in order', () => {
    const where = sqlAnd([sql`a = ${1}`, sql`b IN (${sqlList(['x', 'y'])})`]);
    const query = sql`SELECT ${sqlList([sql`a`, sql`b`])} FROM t WHERE ${where} LIMIT ${5}`;
    expect(query.text).toBe('SELECT a, b FROM t WHERE a = ? AND b IN (?, ?) LIMIT ?');
    expect(query.params).toEqual([1, 'x', 'y', 5]);
    expect(sql`SELECT 1 WHERE ${sqlAnd([])}`.text).toBe('SELECT 1 WHERE 1 = 1');
  });

  it('takes bytes and null as values, not as fragments', () => {
    const bytes = new Uint8Array([1]);
    expect(sql`SELECT ${bytes}, ${null}`).toEqual({ text: 'SELECT ?, ?', params: [bytes, null] });
  });
});

describe('the bounded map', () => {
  it('never grows beyond its limit and forgets what was used longest ago', () => {
    const cache = lru<string>(3);
    const made: string[] = [];
    const get = (key: string) => cache.get(key, (missing) => (made.push(missing), missing.toUpperCase()));
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) expect(get(key)).toBe(key.toUpperCase());
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
    for (let i = 0; i < 100; i++) get(String(i));
    expect(cache.size).toBe(3);
  });
});
