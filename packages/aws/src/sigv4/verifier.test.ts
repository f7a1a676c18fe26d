import { expect, test } from 'vitest';
import { credentials, handClock, keyPair, principal, signedRequest, startOfTests } from '../testing/harness.ts';
import { canonicalQuery } from './canonical.ts';
import { signHeaders } from './sign.ts';
import { signingKeys } from './signing-key.ts';
import { createVerifier } from './verifier.ts';

const clock = handClock(startOfTests);

test('what is verified says who, when, until when and for what', async () => {
  const verifier = createVerifier({ credentials, clock, region: 'us-east-1' });
  await expect(verifier.verify(signedRequest({ at: startOfTests - 60_000 }))).resolves.toEqual({
    principal,
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
    signedAt: startOfTests - 60_000,
    expiresAt: startOfTests + 4 * 60_000,
    scope: { date: '20260102', region: 'us-east-1', service: 'ecs' },
  });
});

test('global services are signed for us-east-1 everywhere, others for the server’s region', async () => {
  const verifier = createVerifier({ credentials, clock, region: 'eu-west-1' });
  for (const service of ['iam', 'sts']) {
    await expect(verifier.verify(signedRequest({ service, region: 'us-east-1' }))).resolves.toMatchObject({
      principal,
    });
  }
  await expect(verifier.verify(signedRequest({ region: 'eu-west-1' }))).resolves.toMatchObject({ principal });
  await expect(verifier.verify(signedRequest({ region: 'us-east-1' }))).rejects.toMatchObject({
    message: expect.stringMatching(/'eu-west-1'/),
  });
});

test('the skew that is allowed can be set', async () => {
  const verifier = createVerifier({ credentials, clock, region: 'us-east-1', maxSkewMs: 1000 });
  await expect(verifier.verify(signedRequest({ at: startOfTests - 1000 }))).resolves.toMatchObject({ principal });
  await expect(verifier.verify(signedRequest({ at: startOfTests - 2000 }))).rejects.toMatchObject({
    code: 'InvalidSignatureException',
  });
});

test('signing headers for a websocket leaves the host to the library and makes each call unique', async () => {
  const options = {
    method: 'GET',
    url: 'ws://localhost:7077/acs/ws?a=b%20c',
    headers: { upgrade: 'websocket' },
    service: 'ecs',
    region: 'us-east-1',
    credentials: keyPair,
    date: new Date(startOfTests),
  };
  const [first, second] = [await signHeaders(options), await signHeaders(options)];
  expect(first['authorization']).not.toBe(second['authorization']);
  expect(first).not.toHaveProperty('host');
  const request = {
    ...signedRequest({ method: 'GET' }),
    url: '/acs/ws?a=b%20c',
    headers: { host: 'localhost:7077', ...first },
  };
  const verifier = createVerifier({ credentials, clock, region: 'us-east-1' });
  await expect(verifier.verify(request)).resolves.toMatchObject({ principal });
});

test('a path that cannot be signed is refused on the client’s side', async () => {
  const options = { method: 'GET', headers: {}, service: 'ecs', region: 'us-east-1', credentials: keyPair };
  await expect(signHeaders({ ...options, url: 'http://localhost//x' })).rejects.toThrow(TypeError);
});

test('signing keys are kept, the least recently used given up first, and derived anew for a new secret', () => {
  const keys = signingKeys(2);
  const scope = { date: '20260102', region: 'us-east-1', service: 'ecs' };
  const first = keys.keyFor('A', 'secret', scope);
  const second = keys.keyFor('B', 'secret', scope);
  expect(keys.keyFor('A', 'secret', scope)).toBe(first);
  keys.keyFor('C', 'secret', scope);
  expect(keys.keyFor('A', 'secret', scope)).toBe(first);
  expect(keys.keyFor('B', 'secret', scope)).not.toBe(second);
  expect(keys.keyFor('A', 'another', scope)).not.toBe(first);
});

test('reads a bare plus of a query as a blank, as its readers do; a plus itself is %2B', () => {
  expect(canonicalQuery('dockerVersion=DockerVersion%3A+20.10%2Bdfsg')).toBe(
    'dockerVersion=DockerVersion%3A%2020.10%2Bdfsg',
  );
});
