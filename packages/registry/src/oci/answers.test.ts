// Over real connections: what is ready in one turn leaves after it, in order, whole, and a client that has gone takes nothing along.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersTogether } from './answers.ts';

const waiting: ServerResponse[] = [];
const server = createServer((_, response) => void waiting.push(response));
beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
afterAll(() => server.close());

/** Asks `count` times, and resolves when all of them wait for their answers. */
async function ask(count: number) {
  const asked = waiting.length + count;
  const { port } = server.address() as AddressInfo;
  const aborts = Array.from({ length: count }, () => new AbortController());
  const answers = aborts.map(({ signal }) => fetch(`http://127.0.0.1:${port}/`, { signal }));
  for (const answer of answers) answer.catch(() => undefined);
  while (waiting.length < asked) await once(server, 'request');
  return { answers, aborts, responses: waiting.slice(-count) };
}

test('answers of one turn leave after it', async () => {
  const endAnswer = answersTogether();
  const { answers, responses } = await ask(3);
  const [empty, text, bytes] = responses;
  if (!empty || !text || !bytes) throw new Error('Too few requests came');
  endAnswer(empty);
  endAnswer(text, 'é', 'latin1');
  endAnswer(bytes, Buffer.from('é'));
  expect(responses.map((each) => each.writableEnded)).toEqual([false, false, false]);
  await setImmediate();
  expect(responses.map((each) => each.writableEnded)).toEqual([true, true, true]);
  const bodies = (await Promise.all(answers)).map(async (answer) => Buffer.from(await answer.arrayBuffer()));
  expect(await Promise.all(bodies)).toEqual([Buffer.of(), Buffer.of(0xe9), Buffer.of(0xc3, 0xa9)]);
});

test('a client that has gone leaves the others their answers', async () => {
  const endAnswer = answersTogether();
  const { answers, aborts, responses } = await ask(2);
  const [first, second] = responses;
  if (!first || !second) throw new Error('Too few requests came');
  const gone = once(first, 'close');
  aborts[0]?.abort();
  await gone;
  endAnswer(first, 'unheard');
  endAnswer(second, 'heard');
  expect(await (await answers[1])?.text()).toBe('heard');
});
