// An S3 server that misbehaves as told: errors, answers cut off, silence. Protocol level, so that it runs everywhere.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { digestOf, newHexId, silentLogger } from '@longshore/base';
import { afterEach, expect, test } from 'vitest';
import { BlobStoreUnavailableError, StorageFullError } from '../errors.ts';
import { openS3BlobStore } from '../open-s3.ts';
import { from } from '../testing/blob-store-contract.ts';
import type { BlobStore } from '../types.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const bytes = randomBytes(300_000);
const digest = digestOf(bytes);
const limits = { attempts: 4, stallMs: 300, answerMs: 2_000 };
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

/** A store whose server answers by the script, then by `last` for ever; and the requests that it saw. */
async function scripted(script: Answer[], last: Answer): Promise<{ store: BlobStore; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.method === 'HEAD' && /^\/bucket\/?(\?|$)/.test(request.url ?? '')) return response.end();
      seen.push(request);
      (script.shift() ?? last)(request, response);
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `s3://bucket?endpoint=${endpoint}`;
  return { store: await openS3BlobStore({ url, credentials, limits, log: silentLogger }), seen };
}

const fail =
  (status: number, code: string): Answer =>
  (_request, response) =>
    response.writeHead(status).end(`<Error><Code>${code}</Code><Message>scripted</Message></Error>`);

function rangeOf(request: IncomingMessage): [number, number] {
  const [, first = '0', last = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  return [Number(first), last === '' ? bytes.length - 1 : Number(last)];
}

/** The object, honestly; only `length` bytes of the answer are sent before `then` happens. */
const give =
  (length = Infinity, then: (response: ServerResponse) => void = (response) => response.end()): Answer =>
  (request, response) => {
    const [first, last] = rangeOf(request);
    const whole = request.headers.range === undefined;
    response.writeHead(whole ? 200 : 206, {
      etag: '"one"',
      'content-length': last - first + 1,
      ...(whole ? {} : { 'content-range': `bytes ${first}-${last}/${bytes.length}` }),
    });
    response.write(bytes.subarray(first, Math.min(last + 1, first + length)), () => then(response));
  };

const cut = (response: ServerResponse) => void response.destroy();
const silence = () => undefined;

test('errors of the server are tried again', async () => {
  const { store, seen } = await scripted([fail(500, 'InternalError'), fail(503, 'SlowDown'), give()], give());
  expect(await store.size(digest)).toBe(bytes.length);
  expect(seen).toHaveLength(3);
});

test('a server that goes on failing is said to be unavailable, with its words', async () => {
  const { store } = await scripted([], fail(500, 'InternalError'));
  await expect(store.open(digest)).rejects.toThrow(BlobStoreUnavailableError);
  await expect(store.open(digest)).rejects.toThrow(/500 InternalError scripted/);
  await expect(store.create(newHexId())).rejects.toThrow(BlobStoreUnavailableError);
});

test('a refusal is not tried again', async () => {
  const { store, seen } = await scripted([], fail(403, 'AccessDenied'));
  await expect(store.open(digest)).rejects.toThrow(/403 AccessDenied/);
  expect(seen).toHaveLength(1);
});

test('a body that is cut off goes on where it was, of the same version', async () => {
  const { store, seen } = await scripted([give(100_000, cut), give(50_000, cut)], give());
  expect((await buffer(await store.open(digest))).equals(bytes)).toBe(true);
  expect(seen.map((each) => each.headers['if-match'])).toEqual([undefined, '"one"', '"one"']);
  const [range] = rangeOf(seen[1] as IncomingMessage);
  expect(range).toBeGreaterThan(0);
});

test('a body that falls silent goes on where it was', async () => {
  const { store } = await scripted([give(100_000, silence)], give());
  const range = { first: 1_000, last: 250_000 };
  expect((await buffer(await store.open(digest, range))).equals(bytes.subarray(1_000, 250_001))).toBe(true);
});

test('a body that is cut off every time ends the copy with an error, and the sink has got nothing wrong', async () => {
  const { store } = await scripted([give(100_000, cut)], give(0, cut));
  const got: Buffer[] = [];
  const copy = store.copyTo(digest, { write: async (chunk) => void got.push(Buffer.from(chunk)) });
  await expect(copy).rejects.toThrow(BlobStoreUnavailableError);
  const received = Buffer.concat(got);
  expect(received.length).toBeLessThan(bytes.length);
  expect(received.equals(bytes.subarray(0, received.length))).toBe(true);
});

test('an object that changed between two pieces is not glued together', async () => {
  const { store } = await scripted([give(100_000, cut)], fail(412, 'PreconditionFailed'));
  await expect(buffer(await store.open(digest))).rejects.toThrow(BlobStoreUnavailableError);
});

test('a full store is said to be full', async () => {
  const { store } = await scripted([], fail(507, 'InsufficientStorage'));
  await expect(store.create(newHexId())).rejects.toThrow(StorageFullError);
});

test('an upload whose store fails in the middle is as it was when last acknowledged', async () => {
  const head = { version: 1, owner: 'longshore', parts: [] };
  const record = Buffer.from(`${JSON.stringify(head)}\nacknowledged`);
  const { store, seen } = await scripted([], (request, response) =>
    request.method === 'PUT'
      ? fail(500, 'InternalError')(request, response)
      : response.writeHead(200, { etag: '"r"', 'content-length': record.length }).end(record),
  );
  const upload = newHexId();
  await expect(store.append(upload, from([Buffer.from(' and lost')]))).rejects.toThrow(BlobStoreUnavailableError);
  const puts = seen.filter((each) => each.method === 'PUT');
  expect(puts).toHaveLength(limits.attempts);
  expect(new Set(puts.map((each) => each.headers['if-match']))).toEqual(new Set(['"r"']));
});

test('a server that is not there is said so at the start', async () => {
  const url = 's3://bucket?endpoint=http://127.0.0.1:9';
  await expect(openS3BlobStore({ url, credentials, limits, log: silentLogger })).rejects.toThrow(
    /bucket cannot be used.*ECONNREFUSED/,
  );
});

test.each([
  ['s3://Bucket_', 'bucket name'],
  ['s3://key:secret@bucket', 'credentials'],
  ['s3://bucket?endpont=x', 'no option endpont'],
  ['s3://bucket?endpoint=ftp://x', 'endpoint must be'],
  ['s3://bucket?redirect=perhaps', 'true or false'],
  ['s3://bucket/a b', 'prefix'],
  ['http://bucket', 'begin with s3://'],
])('the URL %s is refused: %s', async (url, why) => {
  await expect(openS3BlobStore({ url, log: silentLogger })).rejects.toThrow(why);
});
