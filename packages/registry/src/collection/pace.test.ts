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

test('a piece of work is followed by a rest of three times its length', async () => {
  const clock = scripted();
  const pace = createPace(clock);
  clock.time += 10;
  await pace.rest();
  expect(clock.slept).toBe(30);
  clock.time += 2;
  await pace.rest();
  expect(clock.slept).toBe(36);
});

test('what is too short to measure is no reason to rest, and a machine that stood still none to rest long', async () => {
  const clock = scripted();
  const pace = createPace(clock);
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
