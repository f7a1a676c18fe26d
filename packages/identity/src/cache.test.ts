import { describe, expect, it } from 'vitest';
import { createLoadingCache } from './cache.ts';
import { testClock } from './testing.ts';

function counted(maxEntries = 10) {
  const clock = testClock();
  const loads: string[] = [];
  const cache = createLoadingCache<string | undefined>({
    clock,
    maxAgeMs: 1000,
    maxEntries,
    load(key) {
      loads.push(key);
      if (key === 'fails') return Promise.reject(new Error('no'));
      return Promise.resolve(key === 'missing' ? undefined : `${key}${loads.length}`);
    },
  });
  return { clock, loads, cache };
}

describe('the cache', () => {
  it('loads once while the value is young, and again after', async () => {
    const { cache, clock } = counted();
    expect(await cache.get('a')).toBe('a1');
    clock.advance(999);
    expect(await cache.get('a')).toBe('a1');
    clock.advance(1);
    expect(await cache.get('a')).toBe('a2');
  });

  it('loads again after a clock that went backwards', async () => {
    const { cache, clock } = counted();
    await cache.get('a');
    clock.advance(-10_000);
    expect(await cache.get('a')).toBe('a2');
  });

  it('loads again after being told to forget, also during a load', async () => {
    const { cache } = counted();
    const under_way = cache.get('a');
    cache.forget('a');
    expect([await under_way, await cache.get('a'), await cache.get('a')]).toEqual(['a1', 'a2', 'a2']);
  });

  it('keeps neither failures nor what is not there', async () => {
    const { cache, loads } = counted();
    await expect(cache.get('fails')).rejects.toThrow('no');
    await expect(cache.get('fails')).rejects.toThrow('no');
    await cache.get('missing');
    await cache.get('missing');
    expect(loads).toEqual(['fails', 'fails', 'missing', 'missing']);
  });

  it('holds no more than its bound', async () => {
    const { cache, loads } = counted(2);
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await cache.get(key);
    expect(loads).toEqual(['a', 'b', 'c', 'a']);
  });
});
