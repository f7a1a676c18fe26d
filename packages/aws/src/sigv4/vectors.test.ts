// AWS's published test suite for Signature Version 4, and the key derivation example of its documentation.
import { memoryCredentials } from '../testing.ts';
import { parseAccountId } from '@longshore/base';
import { expect, test } from 'vitest';
import type { WireRequest } from '../types.ts';
import { signExactly } from './sign.ts';
import { signingKey } from './signing-key.ts';
import { parseTimestamp } from './timestamp.ts';
import { createVerifier } from './verifier.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const timestamp = '20150830T123600Z';
const now = parseTimestamp(timestamp) ?? 0;
const principal = {
  account: account(),
  arn: 'arn:aws:iam::123456789012:root',
  userId: '123456789012',
  kind: 'root',
} as const;

function account() {
  const id = parseAccountId('123456789012');
  if (!id) throw new Error('no account id');
  return id;
}

interface Vector {
  readonly name: string;
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly signature: string;
}

const vectors: readonly Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-vanilla-query-order-key-case',
    url: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-vanilla-empty-query-key',
    url: '/?Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  {
    name: 'get-unreserved',
    url: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-header-value-trim',
    headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'get-header-value-order',
    headers: { 'my-header1': ['value4', 'value1', 'value3', 'value2'] },
    signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
];

const verifier = createVerifier({
  credentials: memoryCredentials({ [accessKeyId]: { secretAccessKey, active: true, principal } }),
  clock: { now: () => now, sleep: async () => undefined },
  region: 'us-east-1',
});

function request(vector: Vector): WireRequest {
  const headers = { host: 'example.amazonaws.com', 'x-amz-date': timestamp, ...vector.headers };
  const names = Object.keys(headers).sort().join(';');
  const scope = '20150830/us-east-1/service/aws4_request';
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${vector.signature}`;
  return {
    method: vector.method ?? 'GET',
    url: vector.url ?? '/',
    headers: { ...headers, authorization },
    body: Buffer.from(vector.body ?? ''),
    sourceIp: '127.0.0.1',
    baseUrl: 'http://example.amazonaws.com',
  };
}

test.each(vectors)('the suite’s $name is accepted', async (vector) => {
  await expect(verifier.verify(request(vector))).resolves.toMatchObject({
    principal,
    signature: vector.signature,
    scope: { service: 'service', region: 'us-east-1', date: '20150830' },
  });
});

const signable = vectors.filter(({ headers = {} }) => Object.values(headers).every((each) => typeof each === 'string'));

test.each(signable)('signing gives the suite’s $name', ({ method = 'GET', url = '/', headers, body, signature }) => {
  const signed = signExactly({
    method,
    url: `https://example.amazonaws.com${url}`,
    headers: (headers ?? {}) as Record<string, string>,
    ...(body === undefined ? {} : { body }),
    service: 'service',
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    date: new Date(now),
  });
  expect(signed['authorization']).toMatch(new RegExp(`Signature=${signature}$`));
});

test('a signing key is derived as the documentation’s example', () => {
  const key = signingKey(secretAccessKey, { date: '20120215', region: 'us-east-1', service: 'iam' });
  expect(key.toString('hex')).toBe('f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d');
});
