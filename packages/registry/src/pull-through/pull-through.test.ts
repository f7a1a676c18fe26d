// Longshore behind Longshore: two whole registries on loopback, and what a client of the first one sees.
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  CreateRepositoryCreationTemplateCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  GetDownloadUrlForLayerCommand,
} from '@aws-sdk/client-ecr';
import { type Clock, digestOf, parseDigest, systemClock } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  errorCode,
  imageManifest,
  openTestRegistry,
  pushBlob,
  pushImage,
  putManifest,
  type TestRegistry,
} from '../testing/fixture.ts';
import { mediaTypes } from '../manifest.ts';
import { ecrOf } from '../testing/clients.ts';
import { addRule, addSecret } from './testing.ts';

describe.each(testStores())('on $name', (backEnd) => {
  let upstream: TestRegistry;
  let upstreamUp: boolean;
  let cache: TestRegistry;
  let ahead: number;

  beforeEach(async () => {
    ahead = 0;
    const clock: Clock = { now: () => Date.now() + ahead, sleep: systemClock.sleep };
    upstream = await openTestRegistry({ backEnd });
    upstreamUp = true;
    cache = await openTestRegistry({ backEnd, clock, pullThrough: { tagTtlMs: 3_600_000, negativeTtlMs: 5_000 } });
    const credentialArn = await addSecret(cache, 'up', { username: 'AWS', accessToken: upstream.account.password });
    await addRule(cache, 'up', upstream.host, { credentialArn });
  });
  afterEach(async () => {
    await cache.close();
    if (upstreamUp) await upstream.close();
  });

  async function stopUpstream() {
    upstreamUp = false;
    await upstream.close();
  }

  const served = () => upstream.meter.value('longshore_registry_manifests_served_total');
  const layersServed = () => upstream.meter.value('longshore_registry_blobs_served_total');
  const digestAt = async (path: string) => (await cache.ask(path)).headers.get('docker-content-digest');

  test('an image is fetched once, kept, and served while the upstream is down', async () => {
    const image = await pushImage(upstream, 'team/web', '1', ['one', 'two']);
    const got = await cache.ask('/v2/up/team/web/manifests/1');
    expect([got.status, await got.text()]).toEqual([200, image.bytes]);
    expect(got.headers.get('docker-content-digest')).toBe(image.digest);
    for (const layer of ['one', 'two', '{"config":"one,two"}']) {
      const head = await cache.ask(`/v2/up/team/web/blobs/${digestOf(layer)}`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(layer.length)]);
      const blob = await cache.ask(`/v2/up/team/web/blobs/${digestOf(layer)}`);
      expect([blob.status, await blob.text()]).toEqual([200, layer]);
    }
    await stopUpstream();
    ahead += 7_200_000;
    expect(await (await cache.ask('/v2/up/team/web/manifests/1')).text()).toBe(image.bytes);
    expect(await (await cache.ask(`/v2/up/team/web/manifests/${image.digest}`)).text()).toBe(image.bytes);
    expect(await (await cache.ask(`/v2/up/team/web/blobs/${digestOf('one')}`)).text()).toBe('one');
    const part = await cache.ask(`/v2/up/team/web/blobs/${digestOf('two')}`, { headers: { range: 'bytes=1-1' } });
    expect([part.status, await part.text()]).toEqual([206, 'w']);
    const events = await cache.store.all<{ detail_type: string }>(
      sql`SELECT detail_type FROM outbox WHERE detail_type = 'ECR Pull Through Cache Action'`,
    );
    expect(events).toHaveLength(1);
    ahead = 0;
    const { imageDetails } = await ecrOf(cache).send(new DescribeImagesCommand({ repositoryName: 'up/team/web' }));
    expect(imageDetails).toMatchObject([{ imageDigest: image.digest, imageTags: ['1'] }]);
  });

  test('a tag is looked at again when its time is up; a digest never', async () => {
    const first = await pushImage(upstream, 'web', 'latest', ['one']);
    expect(await digestAt('/v2/up/web/manifests/latest')).toBe(first.digest);
    const second = await pushImage(upstream, 'web', 'latest', ['two']);
    expect(await digestAt('/v2/up/web/manifests/latest')).toBe(first.digest);
    ahead += 3_600_001;
    expect(await digestAt('/v2/up/web/manifests/latest')).toBe(second.digest);
    const before = served();
    ahead += 3_600_001;
    expect(await digestAt('/v2/up/web/manifests/latest')).toBe(second.digest);
    expect(await digestAt(`/v2/up/web/manifests/${first.digest}`)).toBe(first.digest);
    expect(served()).toBe(before);
  });

  test('what somebody pushed under the prefix is not overwritten by the upstream', async () => {
    await pushImage(upstream, 'web', 'latest', ['one']);
    const own = await pushImage(cache, 'up/web', 'latest', ['own']);
    ahead += 3_600_001;
    expect(await digestAt('/v2/up/web/manifests/latest')).toBe(own.digest);
  });

  test('of an index only what is asked for is fetched', async () => {
    const one = await pushImage(upstream, 'multi', 'one', ['one']);
    const two = await pushImage(upstream, 'multi', 'two', ['two']);
    const manifests = [one, two].map(({ digest, bytes }) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size: bytes.length,
    }));
    const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    expect((await putManifest(upstream, 'multi', 'all', index, mediaTypes.ociIndex)).status).toBe(201);
    const before = served();
    const got = await cache.ask('/v2/up/multi/manifests/all');
    expect([got.headers.get('content-type'), await got.text()]).toEqual([mediaTypes.ociIndex, index]);
    expect(served()).toBe(before + 1);
    expect(await (await cache.ask(`/v2/up/multi/manifests/${two.digest}`)).text()).toBe(two.bytes);
    expect(served()).toBe(before + 2);
  });

  test('fifty clients at once are one fetch, of the manifest and of a large layer', async () => {
    const layer = 'large '.repeat(700_000);
    const digest = await pushBlob(upstream, 'big', layer);
    const manifest = imageManifest('{}', [layer]);
    await pushBlob(upstream, 'big', '{}');
    expect((await putManifest(upstream, 'big', '1', manifest.bytes)).status).toBe(201);
    const clients = Array.from({ length: 50 }, async () => {
      const got = await cache.ask('/v2/up/big/manifests/1');
      return digestOf(Buffer.from(await got.arrayBuffer()));
    });
    expect(new Set(await Promise.all(clients))).toEqual(new Set([manifest.digest]));
    expect(served()).toBe(1);
    const pulls = Array.from({ length: 50 }, async () => {
      const got = await cache.ask(`/v2/up/big/blobs/${digest}`);
      return digestOf(Buffer.from(await got.arrayBuffer()));
    });
    expect(new Set(await Promise.all(pulls))).toEqual(new Set([digest]));
    expect(layersServed()).toBe(1);
    expect(cache.meter.value('longshore_registry_upstream_layers_total')).toBe(1);
  });

  test('a client that leaves, and one that does not read, hold up nobody and end nothing', async () => {
    const layer = 'slow '.repeat(4_000_000);
    const digest = await pushBlob(upstream, 'big', layer);
    const open = async () => {
      const request = httpRequest(`${cache.url}/v2/up/big/blobs/${digest}`, {
        headers: { authorization: cache.account.basic },
      });
      request.on('error', () => undefined);
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return response;
    };
    const lazy = await open();
    const leaving = await open();
    leaving.destroy();
    const quick = await cache.ask(`/v2/up/big/blobs/${digest}`);
    expect(digestOf(Buffer.from(await quick.arrayBuffer()))).toBe(digest);
    expect(layersServed()).toBe(1);
    const chunks: Buffer[] = [];
    for await (const chunk of lazy) chunks.push(chunk as Buffer);
    expect(digestOf(Buffer.concat(chunks))).toBe(digest);
    expect(layersServed()).toBe(1);
  });

  test('layers kept for an encrypted repository are sealed, and readers get what they are', async () => {
    const repositoryName = 'up/big';
    const encryptionConfiguration = { encryptionType: 'KMS' as const };
    await ecrOf(cache).send(new CreateRepositoryCommand({ repositoryName, encryptionConfiguration }));
    const digest = await pushBlob(upstream, 'big', 'sealed '.repeat(1_000_000));
    const pulls = Array.from({ length: 3 }, async () => {
      const got = await cache.ask(`/v2/up/big/blobs/${digest}`);
      return digestOf(Buffer.from(await got.arrayBuffer()));
    });
    expect(new Set(await Promise.all(pulls))).toEqual(new Set([digest]));
    await stopUpstream();
    const later = await cache.ask(`/v2/up/big/blobs/${digest}`);
    expect(digestOf(Buffer.from(await later.arrayBuffer()))).toBe(digest);
    expect(await cache.blobs.size(parseDigest(digest) ?? digestOf(''))).toBeUndefined();
  });

  test('what is not there is not asked for again for a while, and makes no repository', async () => {
    expect(await errorCode(await cache.ask('/v2/up/nothing/manifests/1'))).toBe('MANIFEST_UNKNOWN');
    expect((await cache.ask('/v2/up/nothing/tags/list')).status).toBe(404);
    await pushImage(upstream, 'nothing', '1', ['one']);
    expect((await cache.ask('/v2/up/nothing/manifests/1')).status).toBe(404);
    ahead += 5_001;
    expect((await cache.ask('/v2/up/nothing/manifests/1')).status).toBe(200);
    expect(await errorCode(await cache.ask(`/v2/up/nothing/blobs/${digestOf('not there')}`))).toBe('BLOB_UNKNOWN');
  });

  test('an upstream that is down is said to be, and asked again later', async () => {
    await stopUpstream();
    const got = await cache.ask('/v2/up/web/manifests/1');
    expect([got.status, await errorCode(got)]).toEqual([502, 'UNAVAILABLE']);
    expect((await cache.ask(`/v2/up/web/blobs/${digestOf('x')}`)).status).toBe(502);
  });

  test('the operations of ECR go through the cache too', async () => {
    const image = await pushImage(upstream, 'web', '1', ['one']);
    const ecr = ecrOf(cache);
    const repositoryName = 'up/web';
    const imageIds = [{ imageTag: '1' }, { imageTag: '2' }];
    const got = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds }));
    expect(got.images).toMatchObject([{ imageManifest: image.bytes, imageId: { imageDigest: image.digest } }]);
    expect(got.failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
    const layer = new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digestOf('one') });
    const { downloadUrl = '' } = await ecr.send(layer);
    expect(await (await fetch(downloadUrl)).text()).toBe('one');
    await stopUpstream();
    const later = await ecr.send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: '3' }, ...imageIds] }),
    );
    expect(later.images).toHaveLength(1);
    expect(later.failures).toMatchObject([
      { failureCode: 'UpstreamUnavailable' },
      { failureCode: 'UpstreamUnavailable' },
    ]);
    const lost = new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digestOf('two') });
    await expect(ecr.send(lost)).rejects.toThrow(
      expect.objectContaining({ name: 'UnableToGetUpstreamLayerException' }),
    );
    const none = new BatchGetImageCommand({ repositoryName: 'down/web', imageIds });
    await expect(ecr.send(none)).rejects.toThrow(expect.objectContaining({ name: 'RepositoryNotFoundException' }));
  });

  test('a repository that a pull makes is as its creation template says', async () => {
    await pushImage(upstream, 'web', '1', ['one']);
    const ecr = ecrOf(cache);
    await ecr.send(
      new CreateRepositoryCreationTemplateCommand({
        prefix: 'up',
        appliedFor: ['PULL_THROUGH_CACHE'],
        imageTagMutability: 'IMMUTABLE',
      }),
    );
    expect((await cache.ask('/v2/up/web/manifests/1')).status).toBe(200);
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['up/web'] }));
    expect(repositories).toMatchObject([{ imageTagMutability: 'IMMUTABLE' }]);
    const first = await digestAt('/v2/up/web/manifests/1');
    await pushImage(upstream, 'web', '1', ['two']);
    ahead += 3_600_001;
    expect(await digestAt('/v2/up/web/manifests/1')).toBe(first);
  });

  test('who may pull but not import is served what is held, and nothing is fetched for them', async () => {
    const image = await pushImage(upstream, 'web', '1', ['one']);
    const reader = await cache.addUser('reader', ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
    const importer = await cache.addUser('importer', [
      'ecr:BatchGetImage',
      'ecr:GetDownloadUrlForLayer',
      'ecr:BatchImportUpstreamImage',
    ]);
    const refused = await cache.ask('/v2/up/web/manifests/1', { as: reader });
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('BatchImportUpstreamImage')]);
    expect(await errorCode(await cache.ask('/v2/up/web/manifests/1', { as: importer }))).toBe('NAME_UNKNOWN');
    expect(served()).toBe(0);
    expect(await digestAt('/v2/up/web/manifests/1')).toBe(image.digest);
    expect((await cache.ask('/v2/up/web/manifests/1', { as: reader })).status).toBe(200);
    expect((await cache.ask(`/v2/up/web/blobs/${digestOf('one')}`, { as: reader })).status).toBe(403);
    expect((await cache.ask(`/v2/up/web/blobs/${digestOf('one')}`, { as: importer })).status).toBe(200);
    expect((await cache.ask(`/v2/up/web/blobs/${digestOf('one')}`, { as: reader })).status).toBe(200);
    const stranger = await cache.addAccount('stranger');
    const asked = await cache.ask(`/v2/${cache.account.id}/up/web/manifests/1`, { as: stranger });
    expect(asked.status).toBe(403);
    expect((await cache.ask('/v2/up/web/manifests/1', { as: stranger })).status).toBe(404);
  });
});
