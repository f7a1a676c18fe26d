// Proposals of an external scheduler: verified one by one, and what happens when it fails.
import { silentLogger, systemClock } from '@longshore/base';
import { expect, test } from 'vitest';
import { demand, offer, rosterOf, rules } from '../testing/offers.ts';
import { type ExternalScheduler, proposer, type SchedulerRequest } from './scheduler.ts';

const order = { cluster: 'c', taskDefinition: 'd', group: 'g', startedBy: '', service: '', count: 3 };

function proposing(ask: ExternalScheduler['ask'], onFailure: ExternalScheduler['onFailure'] = 'fall-back') {
  let now = 0;
  const propose = proposer({ ask, onFailure }, { ...systemClock, now: () => now }, silentLogger);
  return { propose, pass: (ms: number) => (now += ms) };
}

test('each instance that is named must have room after those before', async () => {
  const roster = rosterOf([offer('a', { memory: 250 }), offer('b', { memory: 50 })]);
  const asked: SchedulerRequest[] = [];
  const { propose } = proposing(async (request) => {
    asked.push(request);
    return { placements: ['a', 'a', 'a', 'a'] };
  });
  const proposed = await propose(roster, order, demand(), rules());
  expect(asked[0]?.candidates.map((each) => each.arn)).toEqual(['a']);
  expect(proposed?.holds.map((hold) => hold.arn)).toEqual(['a', 'a']);
  expect(proposed?.failures).toMatchObject([{ arn: 'a', reason: 'RESOURCE:MEMORY' }]);
});

test('it may name an instance that was not offered to it, but none that is not there', async () => {
  const roster = rosterOf([offer('a')]);
  const { propose } = proposing(async () => ({ placements: ['x', 'a'] }));
  const proposed = await propose(roster, order, demand(), rules());
  expect(proposed?.holds.length).toBe(1);
  expect(proposed?.failures.map((each) => each.reason)).toEqual(['MISSING', 'SCHEDULER']);
});

test('one that fails is left alone for a while; then Longshore decides itself, or nothing is placed', async () => {
  let calls = 0;
  const failing = async () => {
    calls += 1;
    throw new Error('gone');
  };
  const roster = rosterOf([offer('a')]);
  const falling = proposing(failing);
  expect(await falling.propose(roster, order, demand(), rules())).toBeUndefined();
  expect(await falling.propose(roster, order, demand(), rules())).toBeUndefined();
  expect(calls).toBe(1);
  falling.pass(5_000);
  expect(await falling.propose(roster, order, demand(), rules())).toBeUndefined();
  expect(calls).toBe(2);
  const refusing = proposing(failing, 'refuse');
  const refused = await refusing.propose(roster, order, demand(), rules());
  expect(refused).toMatchObject({ holds: [], failures: [{ arn: 'c', reason: 'SCHEDULER' }] });
});
