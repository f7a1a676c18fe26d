// Collection rests in proportion to its work, and ends a round when its time is over.
import { expect, test } from 'vitest';
import { createPace } from './pace.ts';

function scripted() {
  const clock = {
    time: 1_000,
    slept: 0,
    now: () => clock.time,
    async sleep(ms: number) {
      clock.slept += ms;
      clock.time += ms;
    },
  };
  return clock;
}

const plenty = async () => false;

test('a piece of work is followed by a rest of three times its length', async () => {
  const clock = scripted();
  const pace = createPace(clock, plenty);
  clock.time += 10;
  await pace.rest();
  expect(clock.slept).toBe(30);
  clock.time += 2;
  await pace.rest();
  expect(clock.slept).toBe(36);
});

test('what is too short to measure is no reason to rest, and a machine that stood still none to rest long', async () => {
  const clock = scripted();
  const pace = createPace(clock, plenty);
  await pace.rest();
  expect(clock.slept).toBe(0);
  clock.time += 3_600_000;
  await pace.rest();
  expect(clock.slept).toBe(500);
  clock.time -= 60_000;
  await pace.rest();
  clock.time += 10;
  await pace.rest();
  expect(clock.slept).toBe(530);
});

test('there is no rest as long as space is short', async () => {
  const clock = scripted();
  let short = true;
  const pace = createPace(clock, async () => short);
  clock.time += 10;
  await pace.rest();
  expect(clock.slept).toBe(0);
  short = false;
  clock.time += 10;
  await pace.rest();
  expect(clock.slept).toBe(30);
});

test('space is asked for once a second while there is plenty, also when the clock was set back', async () => {
  const clock = scripted();
  let asked = 0;
  const pace = createPace(clock, async () => {
    asked += 1;
    return false;
  });
  const work = async (ms: number) => {
    clock.time += ms;
    await pace.rest();
    return asked;
  };
  expect([await work(10), await work(10), await work(10)]).toEqual([1, 1, 1]);
  expect(await work(1_000)).toBe(2);
  clock.time -= 60_000;
  await pace.rest();
  expect(await work(10)).toBe(3);
});
