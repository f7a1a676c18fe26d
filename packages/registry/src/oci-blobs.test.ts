// Blobs over HTTP: uploads in every form of the distribution specification, reading with ranges, mounts and deletes.
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { digestOf } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import { sql, sqlList } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  errorCode,
  openTestRegistry,
  pushBlob,
  pushImage,
  type TestAccount,
  type TestRegistry,
} from './testing/fixture.ts';
import { limits } from './limits.ts';

describe.each(testStores())('on $name', (backEnd) => {
  let at: TestRegistry;
  beforeAll(async () => {
    at = await openTestRegistry({ backEnd });
  });
  afterAll(() => at.close());

  async function begin(name: string): Promise<string> {
    const begun = await at.ask(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
    expect(begun.status).toBe(202);
    expect(begun.headers.get('range')).toBe('0-0');
    return begun.headers.get('location') ?? '';
  }

  const patch = (location: string, body: string, range?: string) =>
    at.ask(location, { method: 'PATCH', body, headers: range === undefined ? {} : { 'content-range': range } });

  test('a blob pushed by POST and PUT reads back the same, by GET and HEAD', async () => {
    const digest = await pushBlob(at, 'some/repo', 'hello blob');
    const got = await at.ask(`/v2/some/repo/blobs/${digest}`);
    expect(got.status).toBe(200);
    expect(await got.text()).toBe('hello blob');
    const head = await at.ask(`/v2/some/repo/blobs/${digest}`, { method: 'HEAD' });
    for (const answer of [got, head]) {
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
      expect(answer.headers.get('content-length')).toBe('10');
      expect(answer.headers.get('accept-ranges')).toBe('bytes');
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    }
    const etag = got.headers.get('etag') ?? '';
    expect((await at.ask(`/v2/some/repo/blobs/${digest}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('a blob of no bytes, one with sha512, and one in the POST itself', async () => {
    const empty = await pushBlob(at, 'some/forms', '');
    const got = await at.ask(`/v2/some/forms/blobs/${empty}`);
    expect([got.status, await got.text()]).toEqual([200, '']);
    const long = digestOf('long digest', 'sha512');
    const location = await begin('some/forms');
    await patch(location, 'long digest');
    expect((await at.ask(`${location}?digest=${long}`, { method: 'PUT' })).status).toBe(201);
    expect(await (await at.ask(`/v2/some/forms/blobs/${long}`)).text()).toBe('long digest');
    const whole = digestOf('whole');
    const posted = await at.ask(`/v2/some/forms/blobs/uploads/?digest=${whole}`, { method: 'POST', body: 'whole' });
    expect(posted.status).toBe(201);
    expect(posted.headers.get('location')).toBe(`/v2/some/forms/blobs/${whole}`);
    expect(await (await at.ask(`/v2/some/forms/blobs/${whole}`)).text()).toBe('whole');
  });

  test('chunks in order make a blob; the last may come with the PUT', async () => {
    const location = await begin('some/chunks');
    const first = await patch(location, 'abcde', '0-4');
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-4']);
    const status = await at.ask(location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-4']);
    const put = await at.ask(`${location}?digest=${digestOf('abcdefgh')}`, {
      method: 'PUT',
      body: 'fgh',
      headers: { 'content-range': '5-7' },
    });
    expect(put.status).toBe(201);
    expect((await at.ask(location)).status).toBe(404);
  });

  test('a chunk out of order, overlapping, or with a range in another form is refused with the state of the upload', async () => {
    const location = await begin('some/chunks');
    await patch(location, 'abcde', '0-4');
    for (const range of ['6-8', '4-6', 'bytes 5-7', '7-5', 'x']) {
      const refused = await patch(location, 'fgh', range);
      expect([range, refused.status, refused.headers.get('range')]).toEqual([range, 416, '0-4']);
      expect(refused.headers.get('location')).toBe(location);
    }
    const final = await at.ask(`${location}?digest=${digestOf('abcdefgh')}`, {
      method: 'PUT',
      body: 'fgh',
      headers: { 'content-range': '6-8' },
    });
    expect(final.status).toBe(416);
    const longer = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('fgh'));
        controller.close();
      },
    });
    const overrun = await at.ask(location, { method: 'PATCH', body: longer, headers: { 'content-range': '5-5' } });
    expect([overrun.status, overrun.headers.get('range')]).toEqual([416, '0-5']);
    expect((await patch(location, 'gh', '6-8')).status).toBe(400);
    expect((await patch(location, 'gh', '6-7')).status).toBe(202);
    expect((await at.ask(`${location}?digest=${digestOf('abcdefgh')}`, { method: 'PUT' })).status).toBe(201);
  });

  test('a body of unknown length is received as a stream', async () => {
    const location = await begin('some/stream');
    const pieces = ['one ', 'two ', 'three'];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(Buffer.from(piece));
      },
    });
    const sent = await at.ask(location, { method: 'PATCH', body });
    expect([sent.status, sent.headers.get('range')]).toEqual([202, '0-12']);
    const digest = digestOf('one two three');
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
  });

  test('an upload cut off in the middle goes on from where it stopped', async () => {
    const location = await begin('some/cut');
    await new Promise<void>((resolve) => {
      const sending = request(`${at.url}${location}`, {
        method: 'PATCH',
        headers: { authorization: at.account.basic, 'content-length': 1_000_000 },
      });
      sending.on('error', () => resolve());
      sending.write(Buffer.alloc(300_000, 'a'), () => setImmediate(() => sending.destroy()));
    });
    const held = await expect
      .poll(async () => (await at.ask(location)).headers.get('range'), { timeout: 10_000 })
      .not.toBe('0-0')
      .then(async () => {
        let last = '';
        await expect
          .poll(async () => {
            const now = (await at.ask(location)).headers.get('range') ?? '';
            const same = now === last;
            last = now;
            return same;
          })
          .toBe(true);
        return Number(last.slice(2)) + 1;
      });
    const rest = Buffer.alloc(1_000_000 - held, 'a');
    const resumed = await at.ask(location, {
      method: 'PATCH',
      body: rest,
      headers: { 'content-range': `${held}-999999` },
    });
    expect(resumed.status).toBe(202);
    const digest = digestOf(Buffer.alloc(1_000_000, 'a'));
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
  });

  test('a wrong digest is refused and leaves nothing', async () => {
    const location = await begin('some/wrong');
    const other = digestOf('something else');
    const refused = await at.ask(`${location}?digest=${other}`, { method: 'PUT', body: 'content' });
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
    expect((await at.ask(location)).status).toBe(404);
    for (const content of ['content', 'something else']) {
      expect((await at.ask(`/v2/some/wrong/blobs/${digestOf(content)}`)).status).toBe(404);
      expect(await at.blobs.size(digestOf(content))).toBeUndefined();
    }
    const posted = await at.ask(`/v2/some/wrong/blobs/uploads/?digest=${other}`, { method: 'POST', body: 'content' });
    expect([posted.status, await errorCode(posted)]).toEqual([400, 'DIGEST_INVALID']);
    for (const digest of ['sha256:abc', 'md5:00', '']) {
      const answer = await at.ask(`${await begin('some/wrong')}?digest=${digest}`, { method: 'PUT', body: 'x' });
      expect([answer.status, await errorCode(answer)]).toEqual([400, 'DIGEST_INVALID']);
    }
  });

  test('a cancelled upload is gone', async () => {
    const location = await begin('some/cancel');
    expect((await at.ask(location, { method: 'DELETE' })).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await at.ask(location, { method, ...(method === 'PATCH' ? { body: 'x' } : {}) });
      expect([answer.status, await errorCode(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    }
  });

  test('a chunk that is sent again while the first one breaks off is told where the upload stands by then', async () => {
    let lookedUp = () => Promise.resolve();
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      offset: (id) => blobs.offset(id).then((held) => lookedUp().then(() => held)),
    });
    const own = await openTestRegistry({ backEnd, wrapBlobs });
    const begun = await own.ask('/v2/some/again/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    const headers = { 'content-range': '0-9' };
    const stalls = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(Buffer.from('01234')) });
    const line = new AbortController();
    const first = own
      .ask(location, { method: 'PATCH', body: stalls, headers, signal: line.signal })
      .then(({ status }) => status)
      .catch(() => 'broken off');
    const received = () => own.meter.value('longshore_registry_blob_received_bytes_total');
    await expect.poll(received, { timeout: 10_000 }).toBe(5);
    lookedUp = async () => {
      lookedUp = () => Promise.resolve();
      line.abort();
      const nothing = () => own.blobs.append(location.slice(-32), Readable.from([])).catch(() => 'busy');
      await expect.poll(nothing, { timeout: 10_000 }).toBe(5);
    };
    const again = await own.ask(location, { method: 'PATCH', body: '0123456789', headers });
    expect([again.status, again.headers.get('range')]).toEqual([416, '0-4']);
    expect(await first).toBe('broken off');
    const rest = { method: 'PUT', body: '56789', headers: { 'content-range': '5-9' } };
    expect((await own.ask(`${location}?digest=${digestOf('0123456789')}`, rest)).status).toBe(201);
    await own.close();
  });

  test('an upload can be cancelled while a chunk is coming, and none of it stays', async () => {
    const location = await begin('some/cancel');
    const gate = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('the first')),
      async pull(controller) {
        await gate.promise;
        controller.enqueue(Buffer.from('too late'));
        controller.close();
      },
    });
    const received = () => at.meter.value('longshore_registry_blob_received_bytes_total');
    const before = received();
    const writing = at.ask(location, { method: 'PATCH', body });
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(before);
    expect((await patch(location, 'another')).status).toBe(429);
    expect((await at.ask(location, { method: 'DELETE' })).status).toBe(204);
    gate.resolve();
    const answer = await writing;
    expect([answer.status, await errorCode(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(await at.blobs.offset(location.slice(-32))).toBeUndefined();
  });

  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
    ['bytes=8-9, 20-30', 206, '89', 'bytes 8-9/10'],
    ['bytes=2-4,5-6,3-3', 206, '23456', 'bytes 2-6/10'],
    [`bytes=${'0-0,'.repeat(16)}9-9`, 200, '0123456789', null],
    ['bytes=0-1,x', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('range %s is answered %i', async (range, status, body, contentRange) => {
    const digest = await pushBlob(at, 'some/ranges', '0123456789');
    const got = await at.ask(`/v2/some/ranges/blobs/${digest}`, { headers: { range } });
    expect([got.status, await got.text(), got.headers.get('content-range')]).toEqual([status, body, contentRange]);
  });

  test('several ranges come as parts of one answer, in order, none twice', async () => {
    const digest = await pushBlob(at, 'some/ranges', '0123456789');
    const ask = (method: string) =>
      at.ask(`/v2/some/ranges/blobs/${digest}`, { method, headers: { range: 'bytes=-1,0-1,1-2,5-5' } });
    const got = await ask('GET');
    const boundary = /^multipart\/byteranges; boundary=(\w{32})$/.exec(got.headers.get('content-type') ?? '')?.[1];
    const part = (range: string, bytes: string) =>
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/10\r\n\r\n${bytes}\r\n`;
    const body = await got.text();
    expect([got.status, body]).toEqual([
      206,
      `${part('0-2', '012')}${part('5-5', '5')}${part('9-9', '9')}--${boundary}--\r\n`,
    ]);
    expect(got.headers.get('content-length')).toBe(String(body.length));
    expect((await ask('HEAD')).headers.get('content-length')).toBe(String(body.length));
  });

  test('If-Range of another entity sends the whole', async () => {
    const digest = await pushBlob(at, 'some/ranges', '0123456789');
    const ask = (ifRange: string) =>
      at.ask(`/v2/some/ranges/blobs/${digest}`, { headers: { range: 'bytes=0-1', 'if-range': ifRange } });
    expect((await ask(`"${digest}"`)).status).toBe(206);
    expect((await ask('"other"')).status).toBe(200);
  });

  test.each(['bytes=500-0', 'bytes=10-19,20-', 'bytes=10-', 'bytes=-0'])(
    'range %s cannot be satisfied',
    async (range) => {
      const digest = await pushBlob(at, 'some/ranges', '0123456789');
      const got = await at.ask(`/v2/some/ranges/blobs/${digest}`, { headers: { range } });
      expect([got.status, got.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    },
  );

  test('a mount links a blob without its bytes; what cannot be mounted is an upload', async () => {
    const digest = await pushBlob(at, 'mount/source', 'mounted bytes');
    const received = at.meter.value('longshore_registry_blob_received_bytes_total');
    const mount = (query: string) => at.ask(`/v2/mount/target/blobs/uploads/?${query}`, { method: 'POST' });
    const mounted = await mount(`mount=${digest}&from=mount/source`);
    expect(mounted.status).toBe(201);
    expect(mounted.headers.get('docker-content-digest')).toBe(digest);
    expect(await (await at.ask(`/v2/mount/target/blobs/${digest}`)).text()).toBe('mounted bytes');
    expect(at.meter.value('longshore_registry_blob_received_bytes_total')).toBe(received);
    expect((await mount(`mount=${digest}&from=not/there`)).status).toBe(202);
    expect((await mount(`mount=${digestOf('never stored')}&from=mount/source`)).status).toBe(202);
    expect((await mount('mount=sha256:zz&from=mount/source')).status).toBe(400);
  });

  test('a mount without a source finds the blob in the caller’s own account, and only there', async () => {
    const digest = await pushBlob(at, 'anywhere/source', 'found anywhere');
    const mount = (as?: TestAccount) =>
      at.ask(`/v2/anywhere/target/blobs/uploads/?mount=${digest}`, { method: 'POST', ...(as ? { as } : {}) });
    const stranger = await at.addAccount(`mount-stranger-${backEnd.name}`);
    expect((await mount(stranger)).status).toBe(202);
    expect((await at.ask(`/v2/anywhere/target/blobs/${digest}`, { as: stranger })).status).toBe(404);
    const received = at.meter.value('longshore_registry_blob_received_bytes_total');
    expect((await mount()).status).toBe(201);
    expect(at.meter.value('longshore_registry_blob_received_bytes_total')).toBe(received);
    expect(await (await at.ask(`/v2/anywhere/target/blobs/${digest}`)).text()).toBe('found anywhere');
  });

  describe('a large layer that the account has already', () => {
    const put = async (name: string, bytes: Buffer, digest: string, as = at.account) => {
      const begun = await at.ask(`/v2/${name}/blobs/uploads/`, { method: 'POST', as });
      const location = new URL(begun.headers.get('location') ?? '', at.url);
      return at.ask(`${location.pathname}?digest=${digest}`, {
        method: 'PUT',
        body: new Uint8Array(bytes),
        headers: { 'content-type': 'application/octet-stream' },
        as,
      });
    };
    const mounted = () => at.meter.value('longshore_registry_blob_mounted_total');
    const read = async (name: string, digest: string) =>
      digestOf(new Uint8Array(await (await at.ask(`/v2/${name}/blobs/${digest}`)).arrayBuffer()));

    test('is verified, and linked without being written again', async () => {
      const bytes = randomBytes(700_000);
      const digest = digestOf(bytes);
      await put('known/first', bytes, digest);
      const before = mounted();
      expect((await put('known/second', bytes, digest)).status).toBe(201);
      expect(mounted()).toBe(before + 1);
      expect(await read('known/second', digest)).toBe(digest);
    });

    test('with other bytes is refused and links nothing', async () => {
      const bytes = randomBytes(700_000);
      const digest = digestOf(bytes);
      await put('known/first', bytes, digest);
      expect((await put('known/third', randomBytes(700_000), digest)).status).toBe(400);
      expect((await at.ask(`/v2/known/third/blobs/${digest}`)).status).toBe(404);
      const shorter = await put('known/third', bytes.subarray(1), digest);
      expect(shorter.status).toBe(400);
    });

    test('is written when the caller may not read it, or another account has it', async () => {
      const bytes = randomBytes(700_000);
      const digest = digestOf(bytes);
      await put('known/secret', bytes, digest);
      const user = await at.addUser(
        `known-${backEnd.name}`,
        ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:CreateRepository'],
        '*',
      );
      const stranger = await at.addAccount(`known-${backEnd.name}`);
      const before = mounted();
      expect((await put('known/mine', bytes, digest, user)).status).toBe(201);
      expect((await put('known/theirs', bytes, digest, stranger)).status).toBe(201);
      expect(mounted()).toBe(before);
    });

    test('is written again when its bytes were lost', async () => {
      const bytes = randomBytes(700_000);
      const digest = digestOf(bytes);
      await put('known/lost', bytes, digest);
      await at.blobs.remove(digest);
      expect((await put('known/found', bytes, digest)).status).toBe(201);
      expect(await read('known/lost', digest)).toBe(digest);
    });
  });

  test('too many open uploads are refused with the time to wait', async () => {
    const account = await at.addAccount(`busy-${backEnd.name}`);
    await pushBlob(at, 'busy/repo', 'x', account);
    const row = await at.store.get<{ id: string }>(
      sql`SELECT id FROM registry_repositories WHERE account = ${account.id} AND name = ${'busy/repo'}`,
    );
    const ids = Array.from({ length: limits.uploadsPerAccount }, (_, i) => `${backEnd.name}-${i}`);
    for (let i = 0; i < ids.length; i += 500) {
      const values = ids
        .slice(i, i + 500)
        .map((id) => sql`(${id}, ${row?.id ?? ''}, ${account.id}, ${'p'}, ${'oci'}, ${0}, ${0}, ${0}, ${0}, ${9e15})`);
      await at.store.write([
        {
          sql: sql`INSERT INTO registry_uploads (id, repository, account, principal, protocol, parts, last_part_short,
            part_too_small, created_at, expires_at) VALUES ${sqlList(values)}`,
        },
      ]);
    }
    const refused = await at.ask('/v2/busy/repo/blobs/uploads/', { method: 'POST', as: account });
    expect([refused.status, refused.headers.get('retry-after'), await errorCode(refused)]).toEqual([
      429,
      '60',
      'TOOMANYREQUESTS',
    ]);
  });

  test('a deleted blob is gone at once from its repository, stays in others, and does not come back by their doing', async () => {
    const digest = await pushBlob(at, 'delete/one', 'shared by two');
    await pushBlob(at, 'delete/two', 'shared by two');
    expect((await at.ask(`/v2/delete/one/blobs/${digest}`, { method: 'DELETE' })).status).toBe(202);
    expect((await at.ask(`/v2/delete/one/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    expect((await at.ask(`/v2/delete/one/blobs/${digest}`, { method: 'DELETE' })).status).toBe(404);
    expect((await at.ask(`/v2/delete/two/blobs/${digest}`)).status).toBe(200);
    await pushBlob(at, 'delete/three', 'shared by two');
    expect((await at.ask(`/v2/delete/one/blobs/${digest}`)).status).toBe(404);
  });

  test('only new bytes count as stored, whoever sends them', async () => {
    const content = `unique ${backEnd.name} ${Math.random()}`;
    const stored = () => at.meter.value('longshore_registry_blob_stored_bytes_total');
    const received = () => at.meter.value('longshore_registry_blob_received_bytes_total');
    const before = [stored(), received()] as const;
    await pushBlob(at, 'count/one', content);
    await pushBlob(at, 'count/two', content);
    expect(stored() - before[0]).toBe(content.length);
    expect(received() - before[1]).toBe(2 * content.length);
  });

  test('one blob pushed by many at once is stored once and readable from every repository', async () => {
    const content = 'x'.repeat(200_000) + backEnd.name;
    const stored = at.meter.value('longshore_registry_blobs_stored_total');
    const names = Array.from({ length: 8 }, (_, i) => `many/repo${i}`);
    const [digest] = await Promise.all(names.map((name) => pushBlob(at, name, content)));
    expect(at.meter.value('longshore_registry_blobs_stored_total') - stored).toBe(1);
    for (const name of names) {
      const got = await at.ask(`/v2/${name}/blobs/${digest}`);
      expect([got.status, (await got.text()).length]).toEqual([200, content.length]);
    }
  });

  test('a reader that goes away in the middle does no harm', async () => {
    const digest = await pushBlob(at, 'gone/reader', Buffer.alloc(8_000_000, 'z'));
    await new Promise<void>((resolve) => {
      const reading = request(`${at.url}/v2/gone/reader/blobs/${digest}`, {
        headers: { authorization: at.account.basic },
      });
      reading.on('response', (response) => response.once('data', () => reading.destroy()));
      reading.on('close', () => resolve());
      reading.on('error', () => undefined);
      reading.end();
    });
    const whole = await (await at.ask(`/v2/gone/reader/blobs/${digest}`)).arrayBuffer();
    expect(whole.byteLength).toBe(8_000_000);
  });

  test('what an account holds counts shared bytes once', async () => {
    const account = await at.addAccount(`summary-${backEnd.name}`);
    expect(await at.registry.summary(account.principal.account)).toEqual({ repositories: 0, images: 0, bytes: 0 });
    await pushImage(at, 'summary/one', 'a', ['layer one']);
    const one = await at.registry.summary(at.account.principal.account);
    await pushImage(at, 'summary/two', 'a', ['layer one']);
    const two = await at.registry.summary(at.account.principal.account);
    expect([two.repositories - one.repositories, two.images - one.images, two.bytes - one.bytes]).toEqual([1, 1, 0]);
  });
});
