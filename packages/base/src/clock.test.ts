// The real clock: sleeps end in time, or with their signal, and leave nothing behind.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';

describe('the system clock', () => {
  it('sleeps at least as long as it is told', async () => {
    const before = performance.now();
    await systemClock.sleep(20);
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  });

  it('wakes up at once when the signal fires, and does not sleep when it has fired already', async () => {
    const before = performance.now();
    const control = new AbortController();
    const sleeping = systemClock.sleep(1_000_000, control.signal);
    control.abort();
    await sleeping;
    await systemClock.sleep(1_000_000, control.signal);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('lets go of the signal', async () => {
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 5 }, () => systemClock.sleep(1, signal)));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('tells the time in milliseconds', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});
