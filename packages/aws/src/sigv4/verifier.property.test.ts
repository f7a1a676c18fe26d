import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentials, handClock, keyPair, principal, startOfTests } from '../testing/harness.ts';
import type { WireRequest } from '../types.ts';
import { signExactly } from './sign.ts';
import { createVerifier } from './verifier.ts';

const verifier = createVerifier({ credentials, clock: handClock(startOfTests), region: 'us-east-1' });

const word = fc.stringMatching(/^[A-Za-z0-9_~-]{1,12}$/);
/** What a client percent-encodes. */
const anyText = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => text.isWellFormed());
const segments = fc.array(
  anyText.filter((each) => each !== '' && each !== '.' && each !== '..'),
  { maxLength: 4 },
);
const query = fc.dictionary(
  anyText.filter((each) => each !== '' && !/^x-amz-/i.test(each)),
  anyText,
  { maxKeys: 5, noNullPrototype: true },
);
const headers = fc.dictionary(
  word.map((each) => `x-test-${each.toLowerCase()}`),
  fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
  { maxKeys: 5, noNullPrototype: true },
);
const body = fc.uint8Array({ maxLength: 200 });
const requests = fc.record({ method: fc.constantFrom('GET', 'POST', 'PUT'), segments, query, headers, body });
type Drawn = typeof requests extends fc.Arbitrary<infer T> ? T : never;

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function targetOf(drawn: Drawn): { readonly path: string; readonly search: string } {
  const path = `/${drawn.segments.map(encode).join('/')}`;
  const pairs = Object.entries(drawn.query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return { path, search: pairs.length === 0 ? '' : `?${pairs.join('&')}` };
}

function wire(drawn: Drawn, url: string, signed: Readonly<Record<string, string>>): WireRequest {
  return {
    method: drawn.method,
    url,
    headers: { host: 'localhost:7077', ...signed },
    body: drawn.body,
    sourceIp: '127.0.0.1',
    baseUrl: 'http://localhost:7077',
  };
}

function signOurs(drawn: Drawn): WireRequest {
  const { path, search } = targetOf(drawn);
  const signed = signExactly({
    method: drawn.method,
    url: `http://localhost:7077${path}${search}`,
    headers: drawn.headers,
    body: drawn.body,
    service: 'ecs',
    region: 'us-east-1',
    credentials: keyPair,
    date: new Date(startOfTests),
  });
  return wire(drawn, `${path}${search}`, signed);
}

test('what Longshore signs, it accepts', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (drawn) => {
      await expect(verifier.verify(signOurs(drawn))).resolves.toMatchObject({ principal });
    }),
  );
});

test('what the SDK signs is accepted', async () => {
  const signer = new SignatureV4({
    service: 'ecs',
    region: 'us-east-1',
    credentials: keyPair,
    sha256: Hash.bind(null, 'sha256') as never,
  });
  await fc.assert(
    fc.asyncProperty(requests, async (drawn) => {
      // The SDK collects parameters in an ordinary object and loses this one.
      fc.pre(!Object.hasOwn(drawn.query, '__proto__'));
      const { path, search } = targetOf(drawn);
      const request = {
        method: drawn.method,
        protocol: 'http:',
        hostname: 'localhost',
        port: 7077,
        path,
        query: drawn.query,
        headers: { host: 'localhost:7077', ...drawn.headers },
        body: drawn.body,
      };
      const signed = await signer.sign(request, { signingDate: new Date(startOfTests) });
      await expect(verifier.verify(wire(drawn, `${path}${search}`, signed.headers))).resolves.toMatchObject({
        principal,
      });
    }),
  );
});

/** Requests made of characters that have one encoding only, so that every changed byte changes the meaning. */
const plain = fc.record({
  method: fc.constant('POST'),
  segments: fc.array(word, { minLength: 1, maxLength: 3 }),
  query: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  headers: fc.dictionary(
    word.map((each) => `x-test-${each.toLowerCase()}`),
    word,
    { minKeys: 1, maxKeys: 3, noNullPrototype: true },
  ),
  body: fc.uint8Array({ minLength: 1, maxLength: 50 }),
});

function changed(text: string, at: number): string {
  const index = at % text.length;
  return `${text.slice(0, index)}${text[index] === 'x' ? 'y' : 'x'}${text.slice(index + 1)}`;
}

test('one changed byte anywhere is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      plain,
      fc.constantFrom('url', 'body', 'method', 'host', 'date', 'authorization', 'header'),
      fc.nat(),
      async (drawn, place, at) => {
        const request = signOurs(drawn);
        const header =
          place === 'date' ? 'x-amz-date' : place === 'header' ? (Object.keys(drawn.headers)[0] ?? 'host') : place;
        const forged: WireRequest =
          place === 'url'
            ? { ...request, url: changed(request.url, at) }
            : place === 'method'
              ? { ...request, method: changed(request.method, at) }
              : place === 'body'
                ? {
                    ...request,
                    body: request.body.map((byte, index) => (index === at % request.body.length ? byte ^ 1 : byte)),
                  }
                : {
                    ...request,
                    headers: { ...request.headers, [header]: changed(String(request.headers[header]), at) },
                  };
        await expect(verifier.verify(forged)).rejects.toMatchObject({ name: 'AwsError' });
      },
    ),
    { numRuns: 500 },
  );
});
