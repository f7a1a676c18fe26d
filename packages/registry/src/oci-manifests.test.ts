// Manifests, tags and referrers over HTTP.
import { digestOf } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  errorCode,
  imageManifest,
  openTestRegistry,
  pushBlob,
  pushImage,
  putManifest,
  type TestRegistry,
} from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

describe.each(testStores())('on $name', (backEnd) => {
  let at: TestRegistry;
  beforeAll(async () => {
    at = await openTestRegistry({ backEnd });
  });
  afterAll(() => at.close());

  const tagsOf = async (name: string, query = '') => at.ask(`/v2/${name}/tags/list${query}`);

  test('a manifest reads back byte for byte, by tag and digest, GET and HEAD', async () => {
    const { bytes, digest } = await pushImage(at, 'img/app', 'v1', ['layer a', 'layer b', 'layer a']);
    for (const reference of ['v1', digest]) {
      const got = await at.ask(`/v2/img/app/manifests/${reference}`);
      expect([got.status, await got.text()]).toEqual([200, bytes]);
      const head = await at.ask(`/v2/img/app/manifests/${reference}`, { method: 'HEAD' });
      for (const answer of [got, head]) {
        expect(answer.headers.get('content-type')).toBe(mediaTypes.ociManifest);
        expect(answer.headers.get('docker-content-digest')).toBe(digest);
        expect(answer.headers.get('content-length')).toBe(String(bytes.length));
      }
    }
  });

  test('Accept is heeded: a manifest of a type that is not listed is not there', async () => {
    await pushImage(at, 'img/accept', 'v1', ['l']);
    const ask = (accept: string) => at.ask('/v2/img/accept/manifests/v1', { headers: { accept } });
    expect((await ask(`${mediaTypes.dockerManifest}, ${mediaTypes.ociManifest};q=0.5`)).status).toBe(200);
    expect((await ask('*/*')).status).toBe(200);
    const refused = await ask(mediaTypes.dockerManifest);
    expect([refused.status, await errorCode(refused)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  test('a manifest that the client has already is not sent again', async () => {
    const { digest } = await pushImage(at, 'img/etag', 'v1', ['l']);
    const ask = (method: string, etag: string) =>
      at.ask('/v2/img/etag/manifests/v1', { method, headers: { 'if-none-match': etag } });
    for (const method of ['GET', 'HEAD']) {
      expect((await ask(method, `"${digest}"`)).status).toBe(304);
      expect((await ask(method, `"other", W/"${digest}"`)).status).toBe(304);
      expect((await ask(method, '"other"')).status).toBe(200);
    }
  });

  test('a manifest of almost 4 MiB is kept, a larger one refused', async () => {
    const { bytes: small } = await pushImage(at, 'img/large', 'small', ['l']);
    const padded = (length: number) => {
      const value = JSON.parse(small) as object;
      const bare = JSON.stringify({ ...value, annotations: { pad: '' } }).length;
      return JSON.stringify({ ...value, annotations: { pad: 'p'.repeat(length - bare) } });
    };
    const large = padded(4_194_304);
    expect((await putManifest(at, 'img/large', 'large', large)).status).toBe(201);
    expect(await (await at.ask('/v2/img/large/manifests/large')).text()).toBe(large);
    expect((await putManifest(at, 'img/large', 'huge', padded(4_194_305))).status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1_000_000).fill(0x20));
      },
    });
    const stopped = await at
      .ask('/v2/img/large/manifests/endless', {
        method: 'PUT',
        body: endless,
        headers: { 'content-type': mediaTypes.ociManifest },
      })
      .then((answer) => answer.status)
      .catch(() => 'cut');
    expect([413, 'cut']).toContain(stopped);
    expect((await at.ask('/v2/img/large/manifests/endless')).status).toBe(404);
  });

  test('large manifests that do not end are held up to a bound; small ones are put all the same', async () => {
    const { bytes } = await pushImage(at, 'img/stalled', 'v1', ['l']);
    const gone = new AbortController();
    const most = Buffer.alloc(4_194_303, ' ');
    const stalled = Array.from({ length: 40 }, (_, i) =>
      at
        .ask(`/v2/img/stalled/manifests/s${i}`, {
          method: 'PUT',
          body: new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(most) }),
          headers: { 'content-type': mediaTypes.ociManifest },
          signal: gone.signal,
        })
        .then((answer) => errorCode(answer)),
    );
    expect(await Promise.race(stalled)).toBe('TOOMANYREQUESTS');
    expect((await putManifest(at, 'img/stalled', 'v2', bytes)).status).toBe(201);
    gone.abort();
    const ended = await Promise.allSettled(stalled);
    expect(ended.filter((each) => each.status === 'rejected').length).toBeGreaterThan(25);
  });

  test('sha512 manifests are put and read by their digest', async () => {
    const { bytes } = await pushImage(at, 'img/sha512', 'v1', ['l512']);
    const digest = digestOf(bytes, 'sha512');
    const put = await putManifest(at, 'img/sha512', digest, bytes);
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect(await (await at.ask(`/v2/img/sha512/manifests/${digest}`)).text()).toBe(bytes);
  });

  test('a digest that is not the content’s is refused', async () => {
    const { bytes } = await pushImage(at, 'img/digest', 'v1', ['l']);
    const refused = await putManifest(at, 'img/digest', digestOf('other'), bytes);
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
    expect((await at.ask('/v2/img/digest/manifests/sha256:12')).status).toBe(400);
  });

  test('what a manifest names must be in its own repository, in the size it says', async () => {
    await pushImage(at, 'img/refs-source', 'v1', ['private layer']);
    const { bytes } = imageManifest('{"config":"private layer"}', ['private layer']);
    const missing = await putManifest(at, 'img/refs', 'v1', bytes);
    expect([missing.status, await errorCode(missing)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await pushBlob(at, 'img/refs', '{}');
    await pushBlob(at, 'img/refs', 'layer');
    const value = JSON.parse(imageManifest('{}', ['layer']).bytes) as { layers: { size: number }[] };
    for (const layer of value.layers) layer.size = 40_000_000_000;
    const liar = await putManifest(at, 'img/refs', 'v1', JSON.stringify(value));
    expect([liar.status, await errorCode(liar)]).toEqual([400, 'MANIFEST_INVALID']);
  });

  test('an index needs its children; a child may also be an index', async () => {
    const child = await pushImage(at, 'img/index', 'child', ['l']);
    const describeIt = (bytes: string, mediaType: string) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
    });
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [describeIt(child.bytes, mediaTypes.ociManifest)],
    });
    expect((await putManifest(at, 'img/index', 'all', index, mediaTypes.ociIndex)).status).toBe(201);
    const outer = JSON.stringify({ schemaVersion: 2, manifests: [describeIt(index, mediaTypes.ociIndex)] });
    expect((await putManifest(at, 'img/index', 'outer', outer, mediaTypes.ociIndex)).status).toBe(201);
    const lost = JSON.stringify({ schemaVersion: 2, manifests: [describeIt('gone', mediaTypes.ociManifest)] });
    const refused = await putManifest(at, 'img/index', 'lost', lost, mediaTypes.ociIndex);
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    const empty = JSON.stringify({ schemaVersion: 2, manifests: [] });
    expect((await putManifest(at, 'img/index', 'empty', empty, mediaTypes.ociIndex)).status).toBe(201);
  });

  test('ambiguous and malformed manifests are refused', async () => {
    const { bytes } = await pushImage(at, 'img/bad', 'v1', ['l']);
    const value = JSON.parse(bytes) as object;
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const bad: [string, string][] = [
      [JSON.stringify({ ...value, manifests: [] }), mediaTypes.ociManifest],
      [bytes, mediaTypes.dockerManifest],
      [bytes, mediaTypes.ociIndex],
      [bytes, 'application/json'],
      ['{', mediaTypes.ociManifest],
      ['[]', mediaTypes.ociManifest],
      [JSON.stringify({ ...value, schemaVersion: 1 }), mediaTypes.ociManifest],
      [`{"schemaVersion":2,"a":${deep}}`, mediaTypes.ociManifest],
      [JSON.stringify({ schemaVersion: 2, layers: [] }), mediaTypes.ociManifest],
    ];
    for (const [body, type] of bad) {
      const answer = await putManifest(at, 'img/bad', 'bad', body, type);
      expect([body.slice(0, 80), answer.status, await errorCode(answer)]).toEqual([
        body.slice(0, 80),
        400,
        'MANIFEST_INVALID',
      ]);
    }
    expect((await putManifest(at, 'img/bad', 'bad tag', bytes)).status).toBe(400);
    expect((await putManifest(at, 'img/bad', '-x', bytes)).status).toBe(400);
    expect((await putManifest(at, 'img/bad', 'x'.repeat(129), bytes)).status).toBe(400);
    expect((await putManifest(at, 'img/bad', 'x'.repeat(128), bytes)).status).toBe(201);
    expect((await putManifest(at, 'Img/Bad', 'v1', bytes)).status).toBe(400);
  });

  test('several tags come with one PUT by digest', async () => {
    const { bytes, digest } = await pushImage(at, 'img/many-tags', 'first', ['l']);
    const put = await putManifest(at, 'img/many-tags', `${digest}?tag=b&tag=a&tag=1.2`, bytes);
    expect([put.status, put.headers.get('oci-tag')]).toEqual([201, 'b, a, 1.2']);
    expect(await (await tagsOf('img/many-tags')).json()).toEqual({
      name: 'img/many-tags',
      tags: ['1.2', 'a', 'b', 'first'],
    });
  });

  test('tags are listed in ASCII order and in pages, none lost whose name begins another', async () => {
    const { bytes } = await pushImage(at, 'img/pages', 'v1', ['l']);
    const all = ['v1', 'v1.0', 'v1.0.1', 'v10', 'Z', 'a', '_x', 'v1-rc', '9'];
    for (const tag of all) await putManifest(at, 'img/pages', tag, bytes);
    const seen: string[] = [];
    let next: string | undefined = '/v2/img/pages/tags/list?n=2';
    while (next) {
      const answer: Response = await at.ask(next);
      const { tags } = (await answer.json()) as { tags: string[] };
      expect(tags.length).toBeLessThanOrEqual(2);
      seen.push(...tags);
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual([...all].sort());
    expect(((await (await tagsOf('img/pages', '?n=0')).json()) as { tags: string[] }).tags).toEqual([]);
    expect(((await (await tagsOf('img/pages', '?last=v1')).json()) as { tags: string[] }).tags[0]).toBe('v1-rc');
    expect((await tagsOf('img/pages', '?n=-1')).status).toBe(400);
    expect((await tagsOf('img/pages', `?n=${'9'.repeat(60)}`)).status).toBe(200);
  });

  test('a repository never pushed to: no tags to list, no referrers, nothing to read', async () => {
    const tags = await tagsOf('img/never');
    expect([tags.status, await errorCode(tags)]).toEqual([404, 'NAME_UNKNOWN']);
    const referrers = await at.ask(`/v2/img/never/referrers/${digestOf('x')}`);
    expect(referrers.status).toBe(200);
    expect(await referrers.json()).toEqual({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    expect((await at.ask('/v2/img/never/manifests/v1')).status).toBe(404);
  });

  test('deleting a tag keeps the image; deleting the image takes its tags; both are seen at once', async () => {
    const { bytes, digest } = await pushImage(at, 'img/delete', 'one', ['l']);
    await putManifest(at, 'img/delete', 'two', bytes);
    const remove = (reference: string) => at.ask(`/v2/img/delete/manifests/${reference}`, { method: 'DELETE' });
    expect((await remove('one')).status).toBe(202);
    expect((await at.ask('/v2/img/delete/manifests/one')).status).toBe(404);
    expect((await at.ask(`/v2/img/delete/manifests/${digest}`)).status).toBe(200);
    expect((await remove('one')).status).toBe(404);
    expect((await remove(digest)).status).toBe(202);
    for (const reference of ['two', digest]) {
      expect((await at.ask(`/v2/img/delete/manifests/${reference}`)).status).toBe(404);
    }
    expect(await (await tagsOf('img/delete')).json()).toEqual({ name: 'img/delete', tags: [] });
  });

  test('referrers name what points at a subject, also one that is missing, and can be filtered', async () => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf('not pushed yet'), size: 14 };
    await pushBlob(at, 'img/ref', '{}');
    const put = async (more: object, tag: string) => {
      const { bytes, digest } = imageManifest('{}', [], { subject, ...more });
      const answer = await putManifest(at, 'img/ref', tag, bytes);
      expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, subject.digest]);
      return { mediaType: mediaTypes.ociManifest, digest, size: bytes.length };
    };
    const sbom = await put({ artifactType: 'application/sbom', annotations: { a: 'b' } }, 'sbom');
    const plain = await put({}, 'plain');
    const config = 'application/vnd.oci.image.config.v1+json';
    const all = await at.ask(`/v2/img/ref/referrers/${subject.digest}`);
    expect(all.headers.get('content-type')).toBe(mediaTypes.ociIndex);
    const { manifests } = (await all.json()) as { manifests: unknown[] };
    expect(manifests).toHaveLength(2);
    expect(manifests).toContainEqual({ ...sbom, artifactType: 'application/sbom', annotations: { a: 'b' } });
    expect(manifests).toContainEqual({ ...plain, artifactType: config });
    const some = await at.ask(`/v2/img/ref/referrers/${subject.digest}?artifactType=application/sbom`);
    expect(some.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(((await some.json()) as { manifests: { digest: string }[] }).manifests.map((m) => m.digest)).toEqual([
      sbom.digest,
    ]);
    expect((await at.ask('/v2/img/ref/referrers/nonsense')).status).toBe(400);
  });

  test('many referrers come in pages', async () => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf('popular'), size: 7 };
    await pushBlob(at, 'img/popular', '{}');
    for (let i = 0; i < 105; i++) {
      const { bytes, digest } = imageManifest('{}', [], { subject, annotations: { i: String(i) } });
      await putManifest(at, 'img/popular', digest, bytes);
    }
    const seen = new Set<string>();
    let next: string | undefined = `/v2/img/popular/referrers/${subject.digest}?n=100`;
    let pages = 0;
    while (next) {
      const answer: Response = await at.ask(next);
      for (const each of ((await answer.json()) as { manifests: { digest: string }[] }).manifests)
        seen.add(each.digest);
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      pages++;
    }
    expect([seen.size, pages]).toEqual([105, 2]);
  });

  test('pages of filtered referrers keep the filter', async () => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf('filtered'), size: 8 };
    await pushBlob(at, 'img/filtered', '{}');
    for (let i = 0; i < 103; i++) {
      for (const artifactType of i % 10 === 0 ? ['application/a', 'application/b'] : ['application/a']) {
        const { bytes, digest } = imageManifest('{}', [], { subject, artifactType, annotations: { i: String(i) } });
        await putManifest(at, 'img/filtered', digest, bytes);
      }
    }
    const pages: string[][] = [];
    let next: string | undefined = `/v2/img/filtered/referrers/${subject.digest}?artifactType=application%2Fa&n=100`;
    while (next) {
      const answer: Response = await at.ask(next);
      expect(answer.headers.get('oci-filters-applied')).toBe('artifactType');
      const { manifests } = (await answer.json()) as { manifests: { artifactType: string }[] };
      pages.push(manifests.map(({ artifactType }) => artifactType));
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(pages.map((page) => page.length)).toEqual([100, 3]);
    expect(new Set(pages.flat())).toEqual(new Set(['application/a']));
  });

  test('the catalog lists the caller’s repositories in pages of bounded size', async () => {
    const answer = await at.ask('/v2/_catalog?n=3');
    const { repositories } = (await answer.json()) as { repositories: string[] };
    expect(repositories).toHaveLength(3);
    expect(repositories).toEqual([...repositories].sort());
    expect(answer.headers.get('link')).toBe(
      `</v2/_catalog?n=3&last=${encodeURIComponent(repositories[2] ?? '')}>; rel="next"`,
    );
    expect((await at.ask('/v2/_catalog?n=99999999999999999999')).status).toBe(200);
    expect((await at.ask('/v2/_catalog?n=x')).status).toBe(400);
  });

  test('pushes and deletes are told as ECR events, in the order they happened', async () => {
    const { digest } = await pushImage(at, 'img/events', 'v1', ['l']);
    await at.ask(`/v2/img/events/manifests/${digest}`, { method: 'DELETE' });
    const rows = await at.store.all<{ detail: string }>(
      sql`SELECT detail FROM outbox WHERE detail_type = ${'ECR Image Action'} ORDER BY id`,
    );
    const events = rows
      .map((row) => JSON.parse(row.detail) as Record<string, string>)
      .filter((detail) => detail['repository-name'] === 'img/events');
    expect(events).toEqual(
      ['PUSH', 'DELETE'].map((action) =>
        expect.objectContaining({
          'action-type': action,
          result: 'SUCCESS',
          'image-digest': digest,
          'image-tag': 'v1',
        }),
      ),
    );
  });

  test('one tag pushed by many at once points at one of them, and every image is there', async () => {
    const layers = Array.from({ length: 6 }, (_, i) => `racing ${i}`);
    await pushBlob(at, 'img/race', '{}');
    const images = await Promise.all(
      layers.map(async (layer) => {
        await pushBlob(at, 'img/race', layer);
        return imageManifest('{}', [layer]);
      }),
    );
    const answers = await Promise.all(images.map((image) => putManifest(at, 'img/race', 'latest', image.bytes)));
    expect(answers.map((answer) => answer.status)).toEqual(layers.map(() => 201));
    const latest = (await at.ask('/v2/img/race/manifests/latest')).headers.get('docker-content-digest');
    expect(images.map((image) => image.digest)).toContain(latest);
    for (const { digest } of images) expect((await at.ask(`/v2/img/race/manifests/${digest}`)).status).toBe(200);
  });
});
