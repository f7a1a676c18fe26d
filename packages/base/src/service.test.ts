// Loops: rounds never overlap, wakes are not lost, failures back off, a stop is orderly.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Clock } from './clock.ts';
import { type Logger, silentLogger } from './logger.ts';
import { backoffDelay, type LoopOptions, loopService } from './service.ts';

/** A clock whose sleeps last until they are ended by hand or by their signal. */
function handClock() {
  const sleeps: { ms: number; end: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        sleeps.push({ ms, end: resolve });
        if (signal?.aborted) resolve();
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  return { clock, sleeps };
}

/** Rounds that last until they are ended by hand. */
function handRounds() {
  const rounds: { end: () => void; fail: (error: Error) => void; signal: AbortSignal }[] = [];
  const step: LoopOptions['step'] = ({ signal }) =>
    new Promise((resolve, reject) => rounds.push({ end: resolve, fail: reject, signal }));
  return { rounds, step };
}

function started(options: Partial<LoopOptions> = {}) {
  const { clock, sleeps } = handClock();
  const { rounds, step } = handRounds();
  const loop = loopService({ id: 'loop', step, everyMs: 1_000, log: silentLogger, clock, ...options });
  const ended = loop.run();
  return { loop, ended, sleeps, rounds };
}

const reached = (list: readonly unknown[], length: number) =>
  vi.waitFor(() => expect(list).toHaveLength(length), { interval: 1 });

describe('a loop', () => {
  it('runs a round at once, then one after each pause', async () => {
    const { loop, rounds, sleeps } = started();
    expect(rounds).toHaveLength(1);
    rounds[0]?.end();
    await reached(sleeps, 1);
    expect(sleeps[0]?.ms).toBe(1_000);
    expect(rounds).toHaveLength(1);
    sleeps[0]?.end();
    await reached(rounds, 2);
    rounds[1]?.end();
    await loop.stop();
  });

  it('starts the next round at once when it is woken in a pause', async () => {
    const { loop, rounds, sleeps } = started();
    rounds[0]?.end();
    await reached(sleeps, 1);
    loop.wake();
    await reached(rounds, 2);
    expect(sleeps).toHaveLength(1);
    rounds[1]?.end();
    await loop.stop();
  });

  it('runs exactly one more round for any number of wakes during one, and never two at a time', async () => {
    const { loop, rounds, sleeps } = started();
    for (let i = 0; i < 5; i++) loop.wake();
    expect(rounds).toHaveLength(1);
    rounds[0]?.end();
    await reached(rounds, 2);
    expect(sleeps).toHaveLength(0);
    rounds[1]?.end();
    await reached(sleeps, 1);
    expect(rounds).toHaveLength(2);
    await loop.stop();
  });

  it('logs a failed round and waits longer after each, until one succeeds', async () => {
    const error = vi.fn<Logger['error']>();
    const backoff = { initialMs: 100, maxMs: 350 };
    const { loop, rounds, sleeps } = started({ backoff, log: { ...silentLogger, error } });
    for (let i = 0; i < 4; i++) {
      rounds[i]?.fail(new Error('no'));
      await reached(sleeps, i + 1);
      sleeps[i]?.end();
      await reached(rounds, i + 2);
    }
    [100, 200, 350, 350].forEach((ms, i) => {
      expect(sleeps[i]?.ms).toBeGreaterThanOrEqual(ms * 0.8);
      expect(sleeps[i]?.ms).toBeLessThanOrEqual(ms * 1.2);
    });
    expect(error).toHaveBeenCalledTimes(4);
    rounds[4]?.end();
    await reached(sleeps, 5);
    expect(sleeps[4]?.ms).toBe(1_000);
    sleeps[4]?.end();
    await reached(rounds, 6);
    rounds[5]?.fail(new Error('no'));
    await reached(sleeps, 6);
    expect(sleeps[5]?.ms).toBeLessThanOrEqual(120);
    await loop.stop();
  });

  it('tells a running round to stop, waits for it, and then has ended', async () => {
    const { loop, ended, rounds } = started();
    let stopped = false;
    const stop = loop.stop().then(() => {
      stopped = true;
    });
    expect(rounds[0]?.signal.aborted).toBe(true);
    await Promise.resolve();
    expect(stopped).toBe(false);
    rounds[0]?.end();
    await stop;
    await ended;
    loop.wake();
    expect(rounds).toHaveLength(1);
  });

  it('does not log what a round throws because it was stopped', async () => {
    const error = vi.fn<Logger['error']>();
    const { loop, rounds } = started({ log: { ...silentLogger, error } });
    const stop = loop.stop();
    rounds[0]?.fail(new Error('aborted'));
    await stop;
    expect(error).not.toHaveBeenCalled();
  });

  it('ends a pause at a stop, runs once however often it is run, and never after a stop', async () => {
    const { loop, ended, rounds, sleeps } = started();
    expect(loop.run()).toBe(ended);
    rounds[0]?.end();
    await reached(sleeps, 1);
    await loop.stop();
    await loop.stop();
    expect(rounds).toHaveLength(1);
    const never = loopService({ id: 'never', step: handRounds().step, everyMs: 1, log: silentLogger });
    await never.stop();
    await never.run();
  });
});

describe('the back-off', () => {
  it('doubles up to its limit, within 20 %', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
        const delay = backoffDelay(failures, { initialMs: 100, maxMs: 10_000 }, random);
        const middle = Math.min(10_000, 100 * 2 ** Math.min(failures, 30));
        expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * 0.8));
        expect(delay).toBeLessThanOrEqual(Math.ceil(middle * 1.2));
      }),
    );
  });
});
