// The Engine client against the real Engine, and its edges.
import { afterAll, expect, test } from 'vitest';
import { isTransient } from '../execute/pull.ts';
import { dockerHost } from '../testing/harness.ts';
import { chooseApi, createEngine } from './engine.ts';
import { EngineError, EngineTimeout, EngineUnreachable } from './errors.ts';
import { jsonLines } from './lines.ts';
import { parseDockerHost } from './transport.ts';

const engine = createEngine({ dockerHost });

afterAll(() => engine.close());

test('agrees with the Engine on a version that both speak', async () => {
  const { ApiVersion } = await engine.version();
  expect(await engine.apiVersion()).toBe(chooseApi(ApiVersion));
  expect((await engine.info()).NCPU).toBeGreaterThan(0);
});

test('speaks the older of both versions', () => {
  expect(chooseApi('1.41')).toBe('1.41');
  expect(chooseApi('1.99')).toBe('1.47');
  expect(chooseApi('1.9999')).toBe('1.47');
  expect(() => chooseApi('1.12')).toThrow(/Docker Engine speaks API 1\.12/);
});

test('tells an error of the Engine with its status and words', async () => {
  const failure = engine.startContainer('no-such-container');
  await expect(failure).rejects.toThrow('No such container: no-such-container');
  await expect(failure).rejects.toMatchObject({ name: 'EngineError', status: 404 });
});

test('what does not exist is undefined, and removing or stopping it is no error', async () => {
  expect(await engine.inspectContainer('no-such-container')).toBeUndefined();
  expect(await engine.inspectImage('no-such-image:none')).toBeUndefined();
  await engine.removeContainer('no-such-container');
  await engine.stopContainer('no-such-container', 1);
  await engine.removeVolume('no-such-volume');
});

test('an Engine that is not there is unreachable, not an error of a container', async () => {
  const away = createEngine({ dockerHost: 'unix:///no/such/docker.sock' });
  await expect(away.info()).rejects.toBeInstanceOf(EngineUnreachable);
  away.close();
});

test('understands where the Engine is', () => {
  expect(parseDockerHost('unix:///run/docker.sock')).toEqual({ socketPath: '/run/docker.sock' });
  expect(parseDockerHost('tcp://10.0.0.1')).toEqual({ host: '10.0.0.1', port: 2375 });
  expect(() => parseDockerHost('ssh://host')).toThrow(/not understood/);
});

async function collect(chunks: readonly string[]): Promise<unknown[]> {
  const values: unknown[] = [];
  const stream = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  for await (const value of jsonLines(stream)) values.push(value);
  return values;
}

test('reads JSON values across the borders of chunks', async () => {
  expect(await collect(['{"a":', '1}\r\n{"b"', ':2}\n', '\n{"c":3}'])).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  await expect(collect(['{"a":1}\n{oops}\n'])).rejects.toThrow('JSON');
  await expect(collect(['x'.repeat(1024 * 1024 + 1)])).rejects.toThrow('too long');
});

test.each([
  [new EngineError(404, 'manifest for x:y not found: manifest unknown'), false],
  [new EngineError(0, 'denied: access forbidden'), false],
  [new EngineError(500, 'Get "http://r/v2/": dial tcp 10.0.0.1:80: connect: connection refused'), true],
  [new EngineError(500, 'received unexpected HTTP status: 503 Service Unavailable'), true],
  [new EngineError(0, 'unexpected EOF'), true],
  [new EngineTimeout('POST /images/create', 1), true],
])('knows whether to pull again after: %s', (error, again) => {
  expect(isTransient(error)).toBe(again);
});
