// Requests that somebody forged, changed or repeated. Each is refused with AWS's code, and no handler sees it.
import { SignatureV4 } from '@smithy/signature-v4';
import { Hash } from '@smithy/core/serde';
import { describe, expect, test } from 'vitest';
import {
  ecsTarget,
  harness,
  inactiveKey,
  jsonCall,
  keyPair,
  queryCall,
  signedRequest,
  startOfTests,
  type TestCall,
  temporaryKey,
} from '../testing/harness.ts';
import type { WireRequest, WireResponse } from '../types.ts';

const input = { taskDefinition: 'web', startedBy: 'me' };
const minute = 60_000;

function run(call: TestCall = {}): WireRequest {
  return jsonCall('RunTask', input, call);
}

function withHeader(request: WireRequest, name: string, value: string | readonly string[] | undefined): WireRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

/** The Authorization header with a part replaced. */
function reworded(request: WireRequest, from: string | RegExp, to: string): WireRequest {
  const authorization = String(request.headers['authorization']);
  const changed = authorization.replace(from, to);
  if (changed === authorization) throw new Error(`nothing to replace: ${authorization}`);
  return withHeader(request, 'authorization', changed);
}

function withBody(request: WireRequest, body: string): WireRequest {
  return { ...request, body: Buffer.from(body) };
}

const MISSING = 'MissingAuthenticationTokenException';
const INCOMPLETE = 'IncompleteSignatureException';
const INVALID = 'InvalidSignatureException';
const UNKNOWN = 'UnrecognizedClientException';

const attacks: readonly (readonly [name: string, request: () => WireRequest, code: string, message?: RegExp])[] = [
  ['no signature', () => withHeader(run(), 'authorization', undefined), MISSING],
  ['an empty Authorization header', () => withHeader(run(), 'authorization', ''), INCOMPLETE],
  ['a bearer token', () => withHeader(run(), 'authorization', 'Bearer abc'), INCOMPLETE],
  ['the keys’ names and passwords', () => withHeader(run(), 'authorization', 'Basic QUtJRDpzZWNyZXQ='), INCOMPLETE],
  ['Signature Version 4A', () => reworded(run(), 'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), INCOMPLETE],
  ['an Authorization header cut short', () => reworded(run(), /, Signature=.*/, ''), INCOMPLETE, /'Signature'/],
  ['no SignedHeaders', () => reworded(run(), /SignedHeaders=[^,]*, /, ''), INCOMPLETE, /'SignedHeaders'/],
  ['no Credential', () => reworded(run(), /Credential=[^,]*, /, ''), INCOMPLETE, /'Credential'/],
  ['a part of the Authorization header twice', () => reworded(run(), /$/, `, Signature=${'0'.repeat(64)}`), INCOMPLETE],
  ['an unknown part of the Authorization header', () => reworded(run(), /$/, ', Extra=1'), INCOMPLETE],
  ['two Authorization headers', () => withHeader(run(), 'authorization', ['a', 'b']), INCOMPLETE],
  ['a Credential of four parts', () => reworded(run(), '/aws4_request', ''), INCOMPLETE],
  ['a Credential of six parts', () => reworded(run(), '/aws4_request', '/aws4_request/x'), INCOMPLETE],
  ['another terminator', () => reworded(run(), 'aws4_request', 'aws5_request'), INVALID, /terminator/],
  [
    'a signature of zeros',
    () => reworded(run(), /Signature=\w+/, `Signature=${'0'.repeat(64)}`),
    INVALID,
    /does not match/,
  ],
  ['a signature cut short', () => reworded(run(), /Signature=\w+/, 'Signature=abc'), INCOMPLETE],
  [
    'a signature in capitals',
    () =>
      reworded(
        run(),
        /Signature=\w+/,
        (run().headers['authorization'] as string).slice(-74).toUpperCase().replace('SIGNATURE', 'Signature'),
      ),
    INCOMPLETE,
  ],
  ['another secret', () => run({ credentials: { ...keyPair, secretAccessKey: 'guess' } }), INVALID],
  ['an empty secret', () => run({ credentials: { ...keyPair, secretAccessKey: '' } }), INVALID],
  ['an unknown key', () => run({ credentials: { ...keyPair, accessKeyId: 'AKIDNOBODY' } }), UNKNOWN],
  [
    'a key named like a property of every object',
    () => run({ credentials: { ...keyPair, accessKeyId: '__proto__' } }),
    UNKNOWN,
  ],
  ['a key with odd characters', () => run({ credentials: { ...keyPair, accessKeyId: "A' OR '1" } }), UNKNOWN],
  ['a key that was switched off', () => run({ credentials: inactiveKey }), UNKNOWN],
  [
    'another key’s id with the own signature',
    () => reworded(run(), keyPair.accessKeyId, temporaryKey.accessKeyId),
    INVALID,
  ],
  ['a changed body', () => withBody(run(), JSON.stringify({ ...input, taskDefinition: 'evil' })), INVALID],
  ['a longer body', () => withBody(run(), `${JSON.stringify(input)} `), INVALID],
  ['no body', () => withBody(run(), ''), INVALID],
  ['another operation', () => withHeader(run(), 'x-amz-target', `${ecsTarget}.RegisterTaskDefinition`), INVALID],
  ['another host', () => withHeader(run(), 'host', 'other:7077'), INVALID],
  ['another port', () => withHeader(run(), 'host', 'localhost:7078'), INVALID],
  ['no host', () => withHeader(run(), 'host', undefined), INVALID],
  ['a host that is not signed', () => reworded(run(), 'host;', ''), INVALID, /'Host' must be a 'SignedHeader'/],
  ['a date that is not signed', () => reworded(run(), ';x-amz-date', ''), INVALID, /'x-amz-date' must be/],
  ['a target that is not signed', () => reworded(run(), ';x-amz-target', ''), INVALID, /'x-amz-target' must be/],
  ['an x-amz header added', () => withHeader(run(), 'x-amz-user-agent', 'evil'), INVALID, /'x-amz-user-agent' must be/],
  ['a token added', () => withHeader(run(), 'x-amz-security-token', 'evil'), INVALID],
  ['a signed header taken away', () => withHeader(run(), 'content-type', undefined), INVALID],
  ['a signed header changed', () => withHeader(run(), 'content-type', 'application/x-amz-json-1.0'), INVALID],
  ['signed headers out of order', () => reworded(run(), 'content-type;host', 'host;content-type'), INCOMPLETE],
  ['a signed header twice', () => reworded(run(), 'host;', 'host;host;'), INCOMPLETE],
  ['signed headers in capitals', () => reworded(run(), 'host;', 'Host;'), INCOMPLETE],
  [
    'a signed header that every object has',
    () => reworded(run(), 'content-type;', 'constructor;content-type;'),
    INVALID,
    /not in the request/,
  ],
  ['a signed header that is not there', () => reworded(run(), 'host;', 'host;x-aaa;'), INVALID],
  [
    'a hundred and one signed headers',
    () => reworded(run(), 'content-type;', Array.from({ length: 101 }, (_, i) => `a${1000 + i};`).join('')),
    INCOMPLETE,
  ],
  ['no date', () => withHeader(run(), 'x-amz-date', undefined), INCOMPLETE],
  ['two dates', () => withHeader(run(), 'x-amz-date', ['20260102T030405Z', '20260102T030405Z']), INCOMPLETE],
  ['a date that is none', () => withHeader(run(), 'x-amz-date', '20260230T030405Z'), INCOMPLETE],
  ['a date in words', () => withHeader(run(), 'x-amz-date', 'Fri, 02 Jan 2026 03:04:05 GMT'), INCOMPLETE],
  ['another moment', () => withHeader(run(), 'x-amz-date', '20260102T030406Z'), INVALID, /does not match/],
  ['a scope of another day', () => reworded(run(), '20260102/', '20260103/'), INVALID, /Date in Credential scope/],
  [
    'a signature of six minutes ago',
    () => run({ at: startOfTests - 6 * minute }),
    INVALID,
    /^Signature expired: 20260102T025805Z is now earlier than 20260102T025905Z \(20260102T030405Z - 5 min\.\)$/,
  ],
  ['a signature of yesterday', () => run({ at: startOfTests - 24 * 60 * minute }), INVALID, /^Signature expired/],
  [
    'a signature of in six minutes',
    () => run({ at: startOfTests + 6 * minute }),
    INVALID,
    /^Signature not yet current: 20260102T031005Z is still later than 20260102T030905Z/,
  ],
  ['another region', () => run({ region: 'eu-west-1' }), INVALID, /'us-east-1'/],
  ['a region renamed', () => reworded(run(), 'us-east-1', 'eu-west-1'), INVALID],
  ['another service', () => run({ service: 'iam' }), INVALID, /correct service: 'ecs'/],
  ['a service renamed', () => reworded(run({ service: 'ecr' }), '/ecr/', '/ecs/'), INVALID],
  ['another method', () => ({ ...run(), method: 'PUT' }), 'UnknownOperationException'],
  ['a query added', () => ({ ...run(), url: '/?a=b' }), INVALID],
  ['another path', () => ({ ...run(), url: '/x' }), 'UnknownOperationException'],
  ['a doubled slash', () => ({ ...run(), url: '//' }), 'UnknownOperationException'],
  [
    'a body hash of another body',
    () => run({ headers: { 'x-amz-content-sha256': '0'.repeat(64) } }),
    INVALID,
    /does not match the body/,
  ],
  [
    'an unsigned payload',
    () => run({ headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    INVALID,
    /does not match the body/,
  ],
  [
    'a temporary key without its token',
    () => run({ credentials: { ...temporaryKey, sessionToken: undefined } as never }),
    UNKNOWN,
  ],
  [
    'a temporary key with another token',
    () => run({ credentials: { ...temporaryKey, sessionToken: 'other' } }),
    UNKNOWN,
  ],
  ['a permanent key with a token', () => run({ credentials: { ...keyPair, sessionToken: 'the-token' } }), UNKNOWN],
  [
    'a token exchanged after signing',
    () => withHeader(run({ credentials: temporaryKey }), 'x-amz-security-token', 'other'),
    INVALID,
  ],
  [
    'an endless Authorization header',
    () => reworded(run(), 'Credential=', `${' '.repeat(10_000)}Credential=`),
    INCOMPLETE,
  ],
  ['an endless URL', () => ({ ...run(), url: `/?${'a'.repeat(20_000)}` }), INCOMPLETE],
  ['a raw byte in the URL', () => ({ ...run(), url: '/?a=\u00e9' }), INCOMPLETE],
  ['a stray % in the URL', () => ({ ...run(), url: '/?a=%zz' }), INCOMPLETE],
  [
    'header and query at once',
    () => ({ ...run(), url: `/?X-Amz-Signature=${'0'.repeat(64)}` }),
    INCOMPLETE,
    /Only one authentication mechanism/,
  ],
  [
    'header and query at once, hidden',
    () => ({ ...run(), url: '/?%58-amz-algorithm=x' }),
    INCOMPLETE,
    /Only one authentication mechanism/,
  ],
];

function codeOf(response: WireResponse): string {
  return (JSON.parse(String(response.body)) as { __type: string }).__type;
}

describe('a JSON request', () => {
  test.each([
    ['signed now', 0],
    ['signed five minutes ago', -5 * minute],
    ['signed in five minutes', 5 * minute],
  ])('%s is accepted', async (_name, off) => {
    expect((await harness().endpoint.handle(run({ at: startOfTests + off }))).status).toBe(200);
  });

  test('with a temporary key and its token is accepted', async () => {
    expect((await harness().endpoint.handle(run({ credentials: temporaryKey }))).status).toBe(200);
  });

  test('whose headers that nobody signs were changed by a proxy is accepted', async () => {
    const request = withHeader(withHeader(run(), 'user-agent', 'proxy'), 'x-forwarded-for', '10.0.0.1');
    expect((await harness().endpoint.handle(request)).status).toBe(200);
  });

  test.each(attacks.map(([name, request, code, message = /./]) => ({ name, request, code, message })))(
    'with $name is refused',
    async ({ request, code, message }) => {
      const { endpoint, reached } = harness();
      const response = await endpoint.handle(request());
      expect(codeOf(response)).toBe(code);
      expect(JSON.parse(String(response.body))).toMatchObject({ message: expect.stringMatching(message) });
      expect(reached).toEqual([]);
    },
  );
});

describe('a query request', () => {
  const form = 'Action=ListUsers&Version=2010-05-08';
  const refusals: readonly (readonly [name: string, request: () => WireRequest, status: number, code: string])[] = [
    ['no signature', () => withHeader(queryCall(form), 'authorization', undefined), 403, 'MissingAuthenticationToken'],
    [
      'a malformed signature',
      () => withHeader(queryCall(form), 'authorization', 'AWS4-HMAC-SHA256 x'),
      400,
      'IncompleteSignature',
    ],
    [
      'an unknown key',
      () => queryCall(form, { credentials: { ...keyPair, accessKeyId: 'AKIDNOBODY' } }),
      403,
      'InvalidClientTokenId',
    ],
    [
      'another secret',
      () => queryCall(form, { credentials: { ...keyPair, secretAccessKey: 'x' } }),
      403,
      'SignatureDoesNotMatch',
    ],
    ['a changed form', () => withBody(queryCall(form), `${form}&MaxItems=1`), 403, 'SignatureDoesNotMatch'],
    ['an old signature', () => queryCall(form, { at: startOfTests - 6 * minute }), 403, 'SignatureDoesNotMatch'],
    ['another region', () => queryCall(form, { region: 'eu-west-1' }), 403, 'SignatureDoesNotMatch'],
  ];

  test.each(refusals)('with %s is refused in XML', async (_name, request, status, code) => {
    const { endpoint, reached } = harness();
    const response = await endpoint.handle(request());
    expect(response.status).toBe(status);
    expect(String(response.body)).toContain(`<Code>${code}</Code>`);
    expect(reached).toEqual([]);
  });
});

describe('a presigned request', () => {
  const hour = 3600;

  /** Presigned by the SDK's own signer. */
  async function presigned(expiresIn = hour, credentials: TestCall['credentials'] = keyPair): Promise<WireRequest> {
    const signer = new SignatureV4({
      service: 'sts',
      region: 'us-east-1',
      credentials,
      sha256: Hash.bind(null, 'sha256') as never,
    });
    const request = {
      method: 'GET',
      protocol: 'http:',
      hostname: 'localhost',
      port: 7077,
      path: '/',
      headers: { host: 'localhost:7077' },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    };
    const signed = await signer.presign(request, { expiresIn, signingDate: new Date(startOfTests) });
    const query = new URLSearchParams(signed.query as Record<string, string>).toString().replaceAll('+', '%20');
    return { ...signedRequest({ method: 'GET' }), url: `/?${query}`, headers: { host: 'localhost:7077' } };
  }

  function edited(request: WireRequest, edit: (url: string) => string): WireRequest {
    const url = edit(request.url);
    if (url === request.url) throw new Error('nothing was changed');
    return { ...request, url };
  }

  test.each([0, hour * 1000])('is accepted until it expires (%i ms later)', async (later) => {
    const { endpoint, clock } = harness();
    const request = await presigned();
    clock.moveBy(later);
    const response = await endpoint.handle(request);
    expect(String(response.body)).toContain('<Account>123456789012</Account>');
  });

  test('with a temporary key carries its token in the query', async () => {
    const response = await harness().endpoint.handle(await presigned(hour, temporaryKey));
    expect(response.status).toBe(200);
  });

  test('is refused a second after its time', async () => {
    const { endpoint, clock, reached } = harness();
    const request = await presigned();
    clock.moveBy(hour * 1000 + 1);
    const response = await endpoint.handle(request);
    expect(String(response.body)).toMatch(/<Code>SignatureDoesNotMatch<.*Signature expired: 20260102T030405Z/);
    expect(reached).toEqual([]);
  });

  const changes: readonly (readonly [name: string, edit: (url: string) => string, code: string])[] = [
    ['a longer life', (url) => url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=36000'), 'SignatureDoesNotMatch'],
    ['a life of eight days', (url) => url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=691200'), 'IncompleteSignature'],
    ['a life without end', (url) => url.replace('X-Amz-Expires=3600', 'X-Amz-Expires='), 'IncompleteSignature'],
    ['a negative life', (url) => url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=-1'), 'IncompleteSignature'],
    ['no life', (url) => url.replace('&X-Amz-Expires=3600', ''), 'IncompleteSignature'],
    ['a later date', (url) => url.replace('T030405Z', 'T030406Z'), 'SignatureDoesNotMatch'],
    ['another algorithm', (url) => url.replace('HMAC-SHA256', 'HMAC-SHA512'), 'IncompleteSignature'],
    ['another key', (url) => url.replace(keyPair.accessKeyId, temporaryKey.accessKeyId), 'SignatureDoesNotMatch'],
    [
      'another signature',
      (url) => url.replace(/X-Amz-Signature=\w+/, `X-Amz-Signature=${'f'.repeat(64)}`),
      'SignatureDoesNotMatch',
    ],
    ['no signature', (url) => url.replace(/&X-Amz-Signature=\w+/, ''), 'IncompleteSignature'],
    ['a second signature', (url) => `${url}&X-Amz-Signature=${'f'.repeat(64)}`, 'IncompleteSignature'],
    [
      'no signed headers',
      (url) => url.replace('X-Amz-SignedHeaders=host', 'X-Amz-SignedHeaders='),
      'IncompleteSignature',
    ],
    ['a parameter added', (url) => `${url}&MaxItems=1`, 'SignatureDoesNotMatch'],
    ['a parameter in lower case', (url) => url.replace('X-Amz-Algorithm', 'x-amz-algorithm'), 'IncompleteSignature'],
    ['another action', (url) => url.replace('GetCallerIdentity', 'GetSessionToken'), 'InvalidAction'],
  ];

  test.each(changes)('with %s is refused', async (_name, edit, code) => {
    const { endpoint, reached } = harness();
    const response = await endpoint.handle(edited(await presigned(), edit));
    expect(String(response.body)).toContain(`<Code>${code}</Code>`);
    expect(reached).toEqual([]);
  });

  test('with a body or an x-amz header that was not signed is refused', async () => {
    const { endpoint, reached } = harness();
    const request = await presigned();
    const withMore = [withBody(request, 'x=1'), withHeader(request, 'x-amz-target', `${ecsTarget}.RunTask`)];
    for (const each of withMore) expect((await endpoint.handle(each)).status).toBeGreaterThanOrEqual(400);
    expect(reached).toEqual([]);
  });
});
