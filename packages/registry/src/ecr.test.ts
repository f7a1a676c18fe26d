// The ECR API through the real SDK, signed and verified: repositories, layers in parts, images, policies, tags.
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImagesCommand,
  DescribeRegistryCommand,
  DescribeRepositoriesCommand,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  GetRepositoryPolicyCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  paginateListImages,
  PutImageCommand,
  PutImageTagMutabilityCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { digestOf } from '@longshore/base';
import { type BlobStore, StorageFullError } from '@longshore/blobs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForTwoAccounts, type TwoAccounts } from './testing/clients.ts';
import { imageManifest, pushBlob, pushImage, putManifest } from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

const MiB = 1024 * 1024;

describe.each(testStores())('on $name', (backEnd) => {
  let at: TwoAccounts['at'];
  let ecr: TwoAccounts['ecr'];
  let stranger: TwoAccounts['stranger'];
  let strange: TwoAccounts['strange'];
  let close: TwoAccounts['close'];
  beforeAll(async () => {
    ({ at, ecr, stranger, strange, close } = await openForTwoAccounts({ backEnd }));
  });
  afterAll(() => close());

  const create = (repositoryName: string, more: object = {}) =>
    ecr.send(new CreateRepositoryCommand({ repositoryName, ...more }));
  const named = (name: string) => expect.objectContaining({ name });

  test('a repository is made once, described, and deleted', async () => {
    const { repository } = await create('api/one', { tags: [{ Key: 'team', Value: 'a' }] });
    expect(repository).toMatchObject({
      repositoryArn: `arn:aws:ecr:us-east-1:${at.account.id}:repository/api/one`,
      registryId: at.account.id,
      repositoryName: 'api/one',
      repositoryUri: `${at.host}/${at.account.id}/api/one`,
      imageTagMutability: 'MUTABLE',
    });
    expect(repository?.createdAt).toBeInstanceOf(Date);
    await expect(create('api/one')).rejects.toEqual(named('RepositoryAlreadyExistsException'));
    for (const bad of ['A', 'a', 'x'.repeat(257), 'a//b', '-a']) {
      await expect(create(bad)).rejects.toEqual(named('InvalidParameterException'));
    }
    const repositoryNames = ['api/one'];
    const described = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames }));
    expect(described.repositories).toEqual([repository]);
    await ecr.send(new DeleteRepositoryCommand({ repositoryName: 'api/one' }));
    await expect(ecr.send(new DescribeRepositoriesCommand({ repositoryNames }))).rejects.toEqual(
      named('RepositoryNotFoundException'),
    );
  });

  test('repositories come in pages; a token of another listing or a forged one is refused', async () => {
    for (const each of ['a', 'b', 'c']) await create(`api/page-${each}`);
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 2, ...(nextToken && { nextToken }) }));
      seen.push(...(page.repositories ?? []).map((each) => each.repositoryName ?? ''));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(seen).toEqual(expect.arrayContaining(['api/page-a', 'api/page-b', 'api/page-c']));
    expect(new Set(seen).size).toBe(seen.length);
    const { nextToken: token } = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 1 }));
    const forged = [`${token}x`, 'x', 'e30.e30'];
    for (const each of forged) {
      await expect(ecr.send(new DescribeRepositoriesCommand({ nextToken: each }))).rejects.toEqual(
        named('InvalidParameterException'),
      );
    }
    await expect(ecr.send(new ListImagesCommand({ repositoryName: 'api/page-a', nextToken: token }))).rejects.toEqual(
      named('InvalidParameterException'),
    );
    await expect(ecr.send(new DescribeRepositoriesCommand({ maxResults: 0 }))).rejects.toEqual(
      named('InvalidParameterException'),
    );
  });

  test('the authorization token logs in', async () => {
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const [data] = authorizationData ?? [];
    expect(data?.proxyEndpoint).toBe(at.url);
    expect((data?.expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(11 * 3_600_000);
    const answer = await at.ask('/v2/', { as: null, headers: { authorization: `Basic ${data?.authorizationToken}` } });
    expect(answer.status).toBe(200);
  });

  async function uploadParts(repositoryName: string, parts: readonly Uint8Array[]): Promise<string> {
    const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
    let first = 0;
    for (const part of parts) {
      const partLastByte = first + part.length - 1;
      const sent = await ecr.send(
        new UploadLayerPartCommand({
          repositoryName,
          uploadId,
          partFirstByte: first,
          partLastByte,
          layerPartBlob: part,
        }),
      );
      expect(sent.lastByteReceived).toBe(partLastByte);
      first = partLastByte + 1;
    }
    return uploadId ?? '';
  }

  const complete = (repositoryName: string, uploadId: string, digest: string) =>
    ecr.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [digest] }));

  test('a layer in parts, checked, put into an image, and downloaded by its URL', async () => {
    const repositoryName = 'api/layers';
    await create(repositoryName);
    const first = Buffer.alloc(5 * MiB, 'a');
    const last = Buffer.from('the end');
    const digest = digestOf(Buffer.concat([first, last]));
    const uploadId = await uploadParts(repositoryName, [first, last]);
    expect(uploadId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await complete(repositoryName, uploadId, digest)).layerDigest).toBe(digest);
    await expect(complete(repositoryName, uploadId, digest)).rejects.toEqual(named('UploadNotFoundException'));
    const checked = await ecr.send(
      new BatchCheckLayerAvailabilityCommand({
        repositoryName,
        layerDigests: [digest, digestOf('not there'), 'nonsense'],
      }),
    );
    expect(checked.layers?.map((layer) => [layer.layerDigest, layer.layerAvailability, layer.layerSize])).toEqual([
      [digest, 'AVAILABLE', 5 * MiB + 7],
      [digestOf('not there'), 'UNAVAILABLE', undefined],
    ]);
    expect(checked.failures?.map((failure) => failure.failureCode)).toEqual(['InvalidLayerDigest']);
    const { downloadUrl = '' } = await ecr.send(
      new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digest }),
    );
    const got = await fetch(downloadUrl, { headers: { range: `bytes=${5 * MiB}-` } });
    expect([got.status, await got.text()]).toEqual([206, 'the end']);
    expect((await fetch(`${downloadUrl}x`)).status).toBe(403);
    await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
    await create(repositoryName);
    expect((await fetch(downloadUrl)).status).toBe(404);
  });

  test('a last part that comes again, as it could not be stored, is no part that is too small', async () => {
    let full = true;
    const wrapBlobs = (blobs: BlobStore): BlobStore => ({
      ...blobs,
      append: (...given) => (full ? Promise.reject(new StorageFullError()) : blobs.append(...given)),
    });
    const own = await openForTwoAccounts({ backEnd, wrapBlobs });
    const client = own.ecr;
    const repositoryName = 'api/full';
    await client.send(new CreateRepositoryCommand({ repositoryName }));
    const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
    const bytes = Buffer.from('short');
    const part = new UploadLayerPartCommand({
      repositoryName,
      uploadId,
      partFirstByte: 0,
      partLastByte: bytes.length - 1,
      layerPartBlob: bytes,
    });
    await expect(client.send(part)).rejects.toEqual(named('ServerException'));
    full = false;
    await client.send(part);
    const layerDigests = [digestOf(bytes)];
    const done = await client.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests }));
    expect(done.layerDigest).toBe(layerDigests[0]);
    await own.close();
  });

  test('parts that do not fit are refused in ECR’s words', async () => {
    const repositoryName = 'api/parts';
    await create(repositoryName);
    const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
    const part = (partFirstByte: number, bytes: Uint8Array) =>
      ecr.send(
        new UploadLayerPartCommand({
          repositoryName,
          uploadId,
          partFirstByte,
          partLastByte: partFirstByte + bytes.length - 1,
          layerPartBlob: bytes,
        }),
      );
    await expect(complete(repositoryName, uploadId ?? '', digestOf(''))).rejects.toEqual(named('EmptyUploadException'));
    await part(0, Buffer.from('short'));
    await expect(part(9, Buffer.from('gap'))).rejects.toMatchObject({
      name: 'InvalidLayerPartException',
      lastValidByteReceived: 4,
      repositoryName,
      uploadId,
    });
    await part(5, Buffer.from('more'));
    await expect(complete(repositoryName, uploadId ?? '', digestOf('shortmore'))).rejects.toEqual(
      named('LayerPartTooSmallException'),
    );
    const wrong = await uploadParts(repositoryName, [Buffer.from('content')]);
    await expect(complete(repositoryName, wrong, digestOf('other'))).rejects.toEqual(named('InvalidLayerException'));
    await expect(complete(repositoryName, wrong, digestOf('content'))).rejects.toEqual(
      named('UploadNotFoundException'),
    );
    const one = await uploadParts(repositoryName, [Buffer.from('content')]);
    await complete(repositoryName, one, digestOf('content'));
    const again = await uploadParts(repositoryName, [Buffer.from('content')]);
    await expect(complete(repositoryName, again, digestOf('content'))).rejects.toEqual(
      named('LayerAlreadyExistsException'),
    );
    await expect(ecr.send(new InitiateLayerUploadCommand({ repositoryName: 'api/absent' }))).rejects.toEqual(
      named('RepositoryNotFoundException'),
    );
  });

  test('images are put, got, listed, described and deleted as ECR does', async () => {
    const repositoryName = 'api/images';
    await create(repositoryName);
    await pushBlob(at, repositoryName, '{}');
    await pushBlob(at, repositoryName, 'layer');
    const one = imageManifest('{}', ['layer']);
    const two = imageManifest('{}', ['layer', 'layer']);
    const put = (imageTag: string | undefined, manifest: string, more: object = {}) =>
      ecr.send(
        new PutImageCommand({ repositoryName, imageManifest: manifest, ...(imageTag && { imageTag }), ...more }),
      );
    const { image } = await put('v1', one.bytes);
    expect(image).toEqual({
      registryId: at.account.id,
      repositoryName,
      imageId: { imageDigest: one.digest, imageTag: 'v1' },
      imageManifest: one.bytes,
      imageManifestMediaType: mediaTypes.ociManifest,
    });
    await expect(put('v1', one.bytes)).rejects.toEqual(named('ImageAlreadyExistsException'));
    await expect(put('v2', one.bytes, { imageDigest: two.digest })).rejects.toEqual(
      named('ImageDigestDoesNotMatchException'),
    );
    await expect(put('v2', imageManifest('{}', ['missing']).bytes)).rejects.toEqual(named('LayersNotFoundException'));
    await put('v2', one.bytes);
    await put(undefined, two.bytes);
    const list = (tagStatus?: 'TAGGED' | 'UNTAGGED') =>
      ecr.send(new ListImagesCommand({ repositoryName, ...(tagStatus && { filter: { tagStatus } }) }));
    expect((await list()).imageIds).toHaveLength(3);
    expect((await list('UNTAGGED')).imageIds).toEqual([{ imageDigest: two.digest }]);
    expect((await list('TAGGED')).imageIds?.map((id) => id.imageTag)).toEqual(['v1', 'v2']);
    const paged: (string | undefined)[] = [];
    for await (const page of paginateListImages({ client: ecr, pageSize: 1 }, { repositoryName })) {
      paged.push(...(page.imageIds ?? []).map((id) => id.imageTag));
    }
    expect(paged).toHaveLength(3);
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }] }),
    );
    expect(imageDetails).toMatchObject([
      {
        imageDigest: one.digest,
        imageTags: ['v1', 'v2'],
        imageSizeInBytes: 7,
        imageManifestMediaType: mediaTypes.ociManifest,
        artifactMediaType: 'application/vnd.oci.image.config.v1+json',
      },
    ]);
    expect((await ecr.send(new DescribeImagesCommand({ repositoryName }))).imageDetails).toHaveLength(2);
    await expect(
      ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'nil' }] })),
    ).rejects.toEqual(named('ImageNotFoundException'));
    const got = await ecr.send(
      new BatchGetImageCommand({
        repositoryName,
        imageIds: [
          { imageTag: 'v1' },
          { imageDigest: two.digest },
          { imageTag: 'nil' },
          {},
          { imageTag: 'v1', imageDigest: two.digest },
          { imageDigest: 'x' },
        ],
      }),
    );
    expect(got.images?.map((each) => each.imageManifest)).toEqual([one.bytes, two.bytes]);
    expect(got.failures?.map((each) => each.failureCode)).toEqual([
      'ImageNotFound',
      'MissingDigestAndTag',
      'ImageTagDoesNotMatchDigest',
      'InvalidImageDigest',
    ]);
    const remove = (...imageIds: object[]) => ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
    expect((await remove({ imageTag: 'v1' })).imageIds).toEqual([{ imageDigest: one.digest, imageTag: 'v1' }]);
    expect((await at.ask(`/v2/${repositoryName}/manifests/${one.digest}`)).status).toBe(200);
    await remove({ imageTag: 'v2' });
    expect((await at.ask(`/v2/${repositoryName}/manifests/${one.digest}`)).status).toBe(404);
    expect((await remove({ imageDigest: one.digest })).failures?.[0]?.failureCode).toBe('ImageNotFound');
    await expect(ecr.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toEqual(
      named('RepositoryNotEmptyException'),
    );
    await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
  });

  test('an image that an index names is not deleted before it', async () => {
    const child = await pushImage(at, 'api/index', 'child', ['l']);
    const manifests = [{ mediaType: mediaTypes.ociManifest, digest: child.digest, size: child.bytes.length }];
    const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    await putManifest(at, 'api/index', 'all', index, mediaTypes.ociIndex);
    const remove = (imageId: object) =>
      ecr.send(new BatchDeleteImageCommand({ repositoryName: 'api/index', imageIds: [imageId] }));
    const refused = await remove({ imageDigest: child.digest });
    expect(refused.failures?.[0]?.failureCode).toBe('ImageReferencedByManifestList');
    await remove({ imageTag: 'all' });
    expect((await remove({ imageDigest: child.digest })).failures).toEqual([]);
  });

  test('an immutable tag is never pointed elsewhere, by either protocol; exclusions are heeded', async () => {
    const repositoryName = 'api/immutable';
    await create(repositoryName, { imageTagMutability: 'IMMUTABLE' });
    const one = await pushImage(at, repositoryName, 'v1', ['one']);
    await pushBlob(at, repositoryName, 'two');
    const two = imageManifest('{"config":"one"}', ['two']);
    const overwrite = await putManifest(at, repositoryName, 'v1', two.bytes);
    expect(overwrite.status).toBe(400);
    expect((await putManifest(at, repositoryName, `${two.digest}?tag=v1`, two.bytes)).status).toBe(400);
    await expect(
      ecr.send(new PutImageCommand({ repositoryName, imageManifest: two.bytes, imageTag: 'v1' })),
    ).rejects.toEqual(named('ImageTagAlreadyExistsException'));
    expect((await putManifest(at, repositoryName, 'v1', one.bytes)).status).toBe(201);
    await ecr.send(
      new PutImageTagMutabilityCommand({
        repositoryName,
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev*' }],
      }),
    );
    expect((await putManifest(at, repositoryName, 'dev-1', one.bytes)).status).toBe(201);
    expect((await putManifest(at, repositoryName, 'dev-1', two.bytes)).status).toBe(201);
    expect((await putManifest(at, repositoryName, 'v1', two.bytes)).status).toBe(400);
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'MUTABLE' }));
    expect((await putManifest(at, repositoryName, 'v1', two.bytes)).status).toBe(201);
    await expect(
      ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'MUTABLE_WITH_EXCLUSION' })),
    ).rejects.toEqual(named('InvalidParameterException'));
  });

  test('a repository policy is set, read, used by another account, and removed', async () => {
    const repositoryName = 'api/policy';
    await pushImage(at, repositoryName, 'v1', ['l']);
    const ask = { registryId: at.account.id, repositoryName };
    const get = () => strange.send(new BatchGetImageCommand({ ...ask, imageIds: [{ imageTag: 'v1' }] }));
    await expect(get()).rejects.toEqual(named('AccessDeniedException'));
    await expect(ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).rejects.toEqual(
      named('RepositoryPolicyNotFoundException'),
    );
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: stranger.id }, Action: 'ecr:BatchGetImage' }],
    });
    for (const bad of ['', '{', '{"Statement":[]}', '{"Statement":[{"Effect":"Allow","Action":"ecr:*"}]}']) {
      await expect(ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: bad }))).rejects.toEqual(
        named('InvalidParameterException'),
      );
    }
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect((await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).policyText).toBe(policyText);
    expect((await get()).images).toHaveLength(1);
    await expect(strange.send(new BatchDeleteImageCommand({ ...ask, imageIds: [{ imageTag: 'v1' }] }))).rejects.toEqual(
      named('AccessDeniedException'),
    );
    await ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }));
    await expect(get()).rejects.toEqual(named('AccessDeniedException'));
  });

  test('a policy that locks its setter out needs force', async () => {
    await create('api/lock');
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'ecr:SetRepositoryPolicy' }],
    });
    const input = { repositoryName: 'api/lock', policyText };
    await expect(ecr.send(new SetRepositoryPolicyCommand(input))).rejects.toEqual(named('InvalidParameterException'));
    await ecr.send(new SetRepositoryPolicyCommand({ ...input, force: true }));
    await expect(ecr.send(new SetRepositoryPolicyCommand(input))).rejects.toEqual(named('AccessDeniedException'));
  });

  test('another account’s repository is refused alike whether or not it exists', async () => {
    await create('api/hidden');
    const messageOf = (repositoryName: string) =>
      strange
        .send(new ListImagesCommand({ registryId: at.account.id, repositoryName }))
        .then(() => '')
        .catch((error: Error) => `${error.name} ${error.message}`.replace(repositoryName, 'NAME'));
    expect(await messageOf('api/hidden')).toBe(await messageOf('api/absent'));
  });

  test('tags of a repository', async () => {
    const { repository } = await create('api/tags', { tags: [{ Key: 'a', Value: '1' }] });
    const resourceArn = repository?.repositoryArn ?? '';
    await ecr.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { Key: 'b', Value: '2' },
          { Key: 'a', Value: '3' },
        ],
      }),
    );
    await ecr.send(new UntagResourceCommand({ resourceArn, tagKeys: ['b'] }));
    const { tags } = await ecr.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([{ Key: 'a', Value: '3' }]);
    const many = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    await expect(ecr.send(new TagResourceCommand({ resourceArn, tags: many }))).rejects.toEqual(
      named('TooManyTagsException'),
    );
    await expect(ecr.send(new ListTagsForResourceCommand({ resourceArn: `${resourceArn}-absent` }))).rejects.toEqual(
      named('RepositoryNotFoundException'),
    );
  });

  test('the registry describes itself', async () => {
    const { registryId } = await ecr.send(new DescribeRegistryCommand({}));
    expect(registryId).toBe(at.account.id);
  });
});
