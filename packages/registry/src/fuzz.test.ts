// Whatever is sent to /v2, the answer is one of the specification's: never a fault (5xx), never none. Requests are made of
// parts that mean something here, bent; manifests of valid ones with members replaced by anything.
import { request } from 'node:http';
import { digestOf } from '@longshore/base';
import { testStores } from '@longshore/store/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageManifest, openTestRegistry, pushBlob, pushImage, type TestRegistry } from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';
import { routeOf } from './oci/routes.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const answerMs = 10_000;

/** The status; rejects if there is no answer in time. A connection each, as an idle one may be closed just now. */
function send(at: TestRegistry, { method, path, headers, body }: Sent): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const asking = request(
      {
        agent: false,
        host: '127.0.0.1',
        port: Number(at.host.split(':')[1]),
        method,
        path,
        headers: { ...headers, ...length },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    asking.setTimeout(answerMs, () => asking.destroy(new Error(`no answer to ${method} ${path}`)));
    asking.on('error', reject);
    asking.end(body);
  });
}

const digest = digestOf('layer');
const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c));
const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 30,
});
const escaped = fc
  .uint8Array({ maxLength: 8 })
  .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'fuzz',
      'app',
      'blobs',
      'uploads',
      'manifests',
      'tags',
      'list',
      'referrers',
      '_catalog',
      'token',
      '_layers',
      'v1',
      'nil',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      digest,
      digestOf('layer', 'sha512'),
      'sha256:',
      'sha256:zz',
      '..',
      '.',
      '',
      '111122223333',
      '%00',
      '%2e%2e',
      '%2F',
      '%',
      '%zz',
      'a'.repeat(300),
    ),
  },
  printable.map((text) => text.replaceAll(/[?#]/g, '')),
  escaped,
);
const value = fc.oneof(
  printable.map(encodeURIComponent),
  escaped,
  fc.constantFrom(digest, 'fuzz/app', '', '0', '-1', '1e9', '9'.repeat(30), 'a%00b', '%ff%fe'),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom('n', 'last', 'digest', 'mount', 'from', 'tag', 'artifactType', 'scope', 'service', 'x'),
      value,
    ),
    { maxLength: 4 },
  )
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([name, text]) => `${name}=${text}`).join('&')}`));
const realPath = fc.constantFrom(
  '/v2/fuzz/app/manifests/v1',
  `/v2/fuzz/app/blobs/${digest}`,
  '/v2/fuzz/app/blobs/uploads/',
  `/v2/fuzz/app/blobs/uploads/${'a'.repeat(32)}`,
  '/v2/fuzz/app/tags/list',
  `/v2/fuzz/app/referrers/${digest}`,
  '/v2/_catalog',
  '/v2/token',
);
const path = fc
  .tuple(
    fc.oneof(
      realPath,
      fc.array(segment, { maxLength: 7 }).map((parts) => `/v2/${parts.join('/')}`),
    ),
    query,
  )
  .map((parts) => parts.join(''));
const headers = fc.record(
  {
    range: fc.oneof(
      printable,
      fc.constantFrom('bytes=0-1,3-4', 'bytes=-0', 'bytes=9-1', `bytes=${'0-0,'.repeat(200)}1-1`),
    ),
    'content-range': fc.oneof(printable, fc.constantFrom('0-4', '5-1', 'bytes 0-4', '0-99999999999999999999')),
    'content-type': fc.oneof(printable, fc.constantFrom(...Object.values(mediaTypes), 'application/json;;')),
    accept: printable,
    'if-none-match': printable,
    'if-range': printable,
    'user-agent': printable,
    'x-forwarded-proto': printable,
    authorization: fc.oneof(
      printable,
      fc.constantFrom('Basic', 'Basic !!!', 'Bearer a.b.c', `Bearer ${'x'.repeat(9_000)}`),
    ),
  },
  { requiredKeys: [] },
);

describe('routes', () => {
  test('any path is read in little time, and none is taken for a fixed one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: anyUnit, maxLength: 200 }), path), (text) => {
        const route = routeOf(text);
        expect(route === undefined || typeof route.kind === 'string').toBe(true);
      }),
      { numRuns: 500 },
    );
    const started = process.cpuUsage();
    for (const text of ['/blobs', '/blobs/uploads', '/manifests/', '%2f']) routeOf(`/v2${text.repeat(1_000)}`);
    expect(process.cpuUsage(started).user).toBeLessThan(200_000);
  });
});

describe.each(testStores())('on $name', (backEnd) => {
  let at: TestRegistry;
  beforeAll(async () => {
    at = await openTestRegistry({ backEnd });
    await pushImage(at, 'fuzz/app', 'v1', ['layer']);
    await pushBlob(at, 'fuzz/app', '{}');
  });
  afterAll(() => at.close());

  test('any request is answered, and never with a fault', async () => {
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND');
    const body = fc.option(fc.string({ maxLength: 200 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(method, path, headers, body, async (how, where, more, what) => {
        const sent = { method: how, path: where, headers: { authorization: at.account.basic, ...more }, body: what };
        expect(await send(at, sent)).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
    expect(
      await send(at, { method: 'GET', path: '/v2/', headers: { authorization: at.account.basic }, body: undefined }),
    ).toBe(200);
  }, 120_000);

  test('any manifest is stored or refused, also in what is kept of it in columns', async () => {
    const valid = JSON.parse(imageManifest('{}', ['layer']).bytes) as Record<string, unknown>;
    const text = fc.oneof(
      fc.string({ unit: anyUnit, maxLength: 40 }),
      fc.constantFrom('\u0000', '\ud800', 'a'.repeat(256)),
    );
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 3, stringUnit: 'binary-ascii' }),
      text,
      fc.constantFrom(-1, 2 ** 53, []),
    );
    const descriptor = fc.record(
      {
        mediaType: text,
        digest: fc.constantFrom(digest, digestOf('{}')),
        size: fc.constantFrom(5, 2),
        annotations: anything,
        urls: anything,
      },
      { requiredKeys: ['digest', 'mediaType', 'size'] },
    );
    const change = fc.record(
      {
        artifactType: anything,
        annotations: fc.oneof(anything, fc.dictionary(text, text)),
        subject: fc.oneof(anything, descriptor),
        config: fc.oneof(anything, descriptor),
        layers: fc.oneof(anything, fc.array(descriptor, { maxLength: 3 })),
        mediaType: anything,
        extra: anything,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(change, async (members) => {
        const sent = {
          method: 'PUT',
          path: '/v2/fuzz/app/manifests/fuzzed',
          headers: { authorization: at.account.basic, 'content-type': mediaTypes.ociManifest },
          body: JSON.stringify({ ...valid, ...members }),
        };
        expect(await send(at, sent)).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    const listed = await at.ask(`/v2/fuzz/app/referrers/${digest}`);
    expect(listed.status).toBe(200);
  }, 120_000);
});
