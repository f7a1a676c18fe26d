// What an account sets for its registry, through the real SDK: policies, templates, lifecycle policies, pull times, quotas.
import {
  BatchGetImageCommand,
  BatchGetRepositoryScanningConfigurationCommand,
  CreateRepositoryCommand,
  CreateRepositoryCreationTemplateCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRegistryPolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryCreationTemplateCommand,
  DeregisterPullTimeUpdateExclusionCommand,
  DescribeImagesCommand,
  DescribeRegistryCommand,
  DescribeRepositoriesCommand,
  DescribeRepositoryCreationTemplatesCommand,
  GetAccountSettingCommand,
  GetLifecyclePolicyCommand,
  GetLifecyclePolicyPreviewCommand,
  GetRegistryPolicyCommand,
  GetRegistryScanningConfigurationCommand,
  GetRepositoryPolicyCommand,
  ListImageReferrersCommand,
  ListImagesCommand,
  ListPullTimeUpdateExclusionsCommand,
  ListTagsForResourceCommand,
  PutAccountSettingCommand,
  PutImageScanningConfigurationCommand,
  PutLifecyclePolicyCommand,
  PutRegistryPolicyCommand,
  PutRegistryScanningConfigurationCommand,
  PutReplicationConfigurationCommand,
  PutSigningConfigurationCommand,
  RegisterPullTimeUpdateExclusionCommand,
  StartImageScanCommand,
  StartLifecyclePolicyPreviewCommand,
  UpdateImageStorageClassCommand,
  UpdateRepositoryCreationTemplateCommand,
} from '@aws-sdk/client-ecr';
import { digestOf } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ecrOf, openForTwoAccounts, type TwoAccounts } from './testing/clients.ts';
import { errorCode, pushBlob, pushImage, putManifest } from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

const dayMs = 24 * 60 * 60 * 1000;
const quotas = {
  repositoriesPerRegistry: 40,
  imagesPerRepository: 5,
  tagsPerImage: 3,
  templatesPerRegistry: 3,
  pullTimeExclusionsPerRegistry: 2,
};

describe.each(testStores())('on $name', (backEnd) => {
  let at: TwoAccounts['at'];
  let ecr: TwoAccounts['ecr'];
  let stranger: TwoAccounts['stranger'];
  let strange: TwoAccounts['strange'];
  let close: TwoAccounts['close'];
  beforeAll(async () => {
    ({ at, ecr, stranger, strange, close } = await openForTwoAccounts({ backEnd, quotas }));
  });
  afterAll(() => close());

  const named = (name: string, message = '') =>
    expect.objectContaining({ name, message: expect.stringContaining(message) as string });
  const invalidParameter = (message = '') => named('InvalidParameterException', message);
  const create = (repositoryName: string, more: object = {}) =>
    ecr.send(new CreateRepositoryCommand({ repositoryName, ...more }));
  const allow = (Action: string | string[], Resource = '*', who = stranger) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${who.id}:root` }, Action, Resource }],
    });

  /** Makes an image look as if it had been pushed days ago. */
  async function age(digest: string, days: number): Promise<void> {
    await at.store.write([
      {
        sql: sql`UPDATE registry_manifests SET pushed_at = ${Date.now() - days * dayMs} WHERE digest = ${digest}`,
        expect: 1,
      },
    ]);
  }

  async function tagsIn(repositoryName: string): Promise<string[]> {
    const { imageIds = [] } = await ecr.send(new ListImagesCommand({ repositoryName }));
    return imageIds.map((each) => each.imageTag ?? each.imageDigest ?? '').sort();
  }

  const lifecycle = (selection: object) =>
    JSON.stringify({
      rules: [{ rulePriority: 1, description: 'x'.repeat(60), selection, action: { type: 'expire' } }],
    });
  const keepOne = lifecycle({ tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 });

  test('a lifecycle policy is put, read and deleted', async () => {
    await create('life/crud');
    const repositoryName = 'life/crud';
    const get = () => ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
    await expect(get()).rejects.toEqual(named('LifecyclePolicyNotFoundException'));
    const put = (lifecyclePolicyText: string) =>
      ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    await expect(put('{}')).rejects.toEqual(invalidParameter('length'));
    await expect(put(`${keepOne.slice(0, -1)},"x":1}`)).rejects.toEqual(
      invalidParameter('Lifecycle policy validation failure'),
    );
    expect(await put(keepOne)).toMatchObject({
      registryId: at.account.id,
      repositoryName,
      lifecyclePolicyText: keepOne,
    });
    expect(await get()).toMatchObject({ lifecyclePolicyText: keepOne });
    expect(await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName }))).toMatchObject({
      lifecyclePolicyText: keepOne,
    });
    await expect(get()).rejects.toEqual(named('LifecyclePolicyNotFoundException'));
    await expect(
      strange.send(
        new PutLifecyclePolicyCommand({ repositoryName, registryId: at.account.id, lifecyclePolicyText: keepOne }),
      ),
    ).rejects.toEqual(named('AccessDeniedException'));
  });

  test('a preview says what would expire, in pages, and changes nothing', async () => {
    const repositoryName = 'life/preview';
    for (const tag of ['a', 'b', 'c'])
      await age((await pushImage(at, repositoryName, tag, [`layer ${tag}`])).digest, 3);
    await pushImage(at, repositoryName, 'new', ['layer new']);
    const preview = (more: object = {}) => ecr.send(new GetLifecyclePolicyPreviewCommand({ repositoryName, ...more }));
    const start = (lifecyclePolicyText?: string) =>
      ecr.send(
        new StartLifecyclePolicyPreviewCommand({ repositoryName, ...(lifecyclePolicyText && { lifecyclePolicyText }) }),
      );
    await expect(preview()).rejects.toEqual(named('LifecyclePolicyPreviewNotFoundException'));
    await expect(start()).rejects.toEqual(named('LifecyclePolicyNotFoundException'));
    expect(await start(keepOne)).toMatchObject({ status: 'COMPLETE', lifecyclePolicyText: keepOne });
    const first = await preview({ maxResults: 2 });
    expect(first).toMatchObject({ status: 'COMPLETE', summary: { expiringImageTotalCount: 3 } });
    expect(first.previewResults).toHaveLength(2);
    expect(first.previewResults?.[0]).toMatchObject({ action: { type: 'EXPIRE' }, appliedRulePriority: 1 });
    const second = await preview({ maxResults: 2, nextToken: first.nextToken });
    const tags = [...(first.previewResults ?? []), ...(second.previewResults ?? [])].flatMap(
      (each) => each.imageTags ?? [],
    );
    expect(tags.sort()).toEqual(['a', 'b', 'c']);
    expect(second.nextToken).toBeUndefined();
    const only = await preview({ imageIds: [{ imageTag: 'b' }, { imageTag: 'new' }] });
    expect(only.previewResults?.map((each) => each.imageTags)).toEqual([['b']]);
    expect((await preview({ filter: { tagStatus: 'UNTAGGED' } })).previewResults).toEqual([]);
    expect(await tagsIn(repositoryName)).toEqual(['a', 'b', 'c', 'new']);
    await at.store.write([{ sql: sql`UPDATE registry_lifecycle_previews SET made_at = ${Date.now() - dayMs - 1}` }]);
    expect((await preview()).status).toBe('EXPIRED');
  });

  test('the loop applies policies; what hangs on an image goes with it, an event for each', async () => {
    const repositoryName = 'life/loop';
    const old = await pushImage(at, repositoryName, 'old', ['loop old']);
    await age(old.digest, 3);
    const config = '{"config":"loop old"}';
    const signature = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/x.signature',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: config.length },
      layers: [],
      subject: { mediaType: mediaTypes.ociManifest, digest: old.digest, size: old.bytes.length },
    });
    expect((await putManifest(at, repositoryName, digestOf(signature), signature)).status).toBe(201);
    const { referrers } = await ecr.send(
      new ListImageReferrersCommand({ repositoryName, subjectId: { imageDigest: old.digest } }),
    );
    expect(referrers).toMatchObject([
      { digest: digestOf(signature), artifactType: 'application/x.signature', artifactStatus: 'ACTIVE' },
    ]);
    await pushImage(at, repositoryName, 'new', ['loop new']);
    const kept = await pushImage(at, 'life/other', 'old', ['loop old']);
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: keepOne }));
    const loop = at.registry.services.find((each) => each.id === 'registry/lifecycle');
    const running = loop?.run();
    await vi.waitFor(async () => {
      const policy = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
      expect(policy.lastEvaluatedAt).toBeInstanceOf(Date);
    }, 10_000);
    await loop?.stop();
    await running;
    expect(await tagsIn(repositoryName)).toEqual(['new']);
    expect(await tagsIn('life/other')).toEqual(['old']);
    expect(kept.digest).toBe(old.digest);
    const events = await at.store.all<{ detail: string }>(sql`SELECT detail FROM outbox`);
    const deletions = events.filter(({ detail }) => detail.includes('DELETE') && detail.includes('life/loop'));
    expect(deletions).toHaveLength(2);
  });

  test('a template makes the repository that a push makes; the longest prefix wins', async () => {
    const template = (prefix: string, more: object = {}) =>
      ecr.send(new CreateRepositoryCreationTemplateCommand({ prefix, appliedFor: ['CREATE_ON_PUSH'], ...more }));
    const repositoryPolicy = allow('ecr:BatchGetImage').replace(',"Resource":"*"', '');
    const made = await template('tpl/team', {
      description: 'the team',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev-*' }],
      resourceTags: [{ Key: 'team', Value: 'a' }],
      repositoryPolicy,
      lifecyclePolicy: keepOne,
    });
    expect(made).toMatchObject({
      registryId: at.account.id,
      repositoryCreationTemplate: {
        prefix: 'tpl/team',
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        appliedFor: ['CREATE_ON_PUSH'],
      },
    });
    await expect(template('tpl/team/')).rejects.toEqual(named('TemplateAlreadyExistsException'));
    await expect(template('TPL')).rejects.toEqual(invalidParameter('prefix'));
    await expect(template('x', { appliedFor: ['NEVER'] })).rejects.toEqual(invalidParameter('appliedFor'));
    await expect(template('x', { lifecyclePolicy: '{}' })).rejects.toEqual(invalidParameter('Lifecycle policy'));
    await template('ROOT', { imageTagMutability: 'IMMUTABLE' });
    await template('tpl/team/cache', { appliedFor: ['PULL_THROUGH_CACHE'] });
    await expect(template('more')).rejects.toEqual(named('LimitExceededException'));

    const described = async (...repositoryNames: string[]) =>
      (await ecr.send(new DescribeRepositoriesCommand({ repositoryNames }))).repositories ?? [];
    for (const name of ['tpl/team/app', 'tpl/team/cache/app', 'tpl/team']) await pushBlob(at, name, 'x');
    const [app, cache, root] = await described('tpl/team/app', 'tpl/team/cache/app', 'tpl/team');
    const filters = [{ filterType: 'WILDCARD', filter: 'dev-*' }];
    expect(app).toMatchObject({
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: filters,
    });
    // The template of the longer prefix is for another way of making.
    expect(cache).toMatchObject({ imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' });
    expect(root).toMatchObject({ imageTagMutability: 'IMMUTABLE' });
    const repositoryName = 'tpl/team/app';
    const tags = await ecr.send(new ListTagsForResourceCommand({ resourceArn: app?.repositoryArn }));
    expect(tags.tags).toEqual([{ Key: 'team', Value: 'a' }]);
    expect((await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).policyText).toBe(repositoryPolicy);
    expect((await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).lifecyclePolicyText).toBe(keepOne);

    const update = (prefix: string, more: object) =>
      ecr.send(new UpdateRepositoryCreationTemplateCommand({ prefix, ...more }));
    const { repositoryCreationTemplate } = await update('tpl/team', {
      lifecyclePolicy: '',
      imageTagMutability: 'MUTABLE',
    });
    expect(repositoryCreationTemplate).toMatchObject({ description: 'the team', imageTagMutability: 'MUTABLE' });
    expect(repositoryCreationTemplate?.lifecyclePolicy).toBeUndefined();
    expect(repositoryCreationTemplate?.imageTagMutabilityExclusionFilters).toBeUndefined();
    await expect(update('none', {})).rejects.toEqual(named('TemplateNotFoundException'));

    const page = await ecr.send(new DescribeRepositoryCreationTemplatesCommand({ maxResults: 2 }));
    const rest = await ecr.send(new DescribeRepositoryCreationTemplatesCommand({ nextToken: page.nextToken }));
    expect(
      [...(page.repositoryCreationTemplates ?? []), ...(rest.repositoryCreationTemplates ?? [])].map(
        (each) => each.prefix,
      ),
    ).toEqual(['ROOT', 'tpl/team', 'tpl/team/cache']);
    for (const prefix of ['ROOT', 'tpl/team', 'tpl/team/cache']) {
      await ecr.send(new DeleteRepositoryCreationTemplateCommand({ prefix }));
    }
    await expect(ecr.send(new DeleteRepositoryCreationTemplateCommand({ prefix: 'ROOT' }))).rejects.toEqual(
      named('TemplateNotFoundException'),
    );
    await pushBlob(at, 'tpl/plain/app', 'x');
    expect((await described('tpl/plain/app'))[0]).toMatchObject({ imageTagMutability: 'MUTABLE' });
  });

  test('the registry policy is kept, refused when malformed, and deleted', async () => {
    const get = () => ecr.send(new GetRegistryPolicyCommand({}));
    await expect(get()).rejects.toEqual(named('RegistryPolicyNotFoundException'));
    const put = (policyText: string) => ecr.send(new PutRegistryPolicyCommand({ policyText }));
    await expect(put('{}')).rejects.toEqual(invalidParameter('Invalid registry policy provided'));
    const policyText = allow('ecr:ListImages', `arn:aws:ecr:us-east-1:${at.account.id}:repository/pol/*`);
    expect(await put(policyText)).toMatchObject({ registryId: at.account.id, policyText });
    expect((await get()).policyText).toBe(policyText);
    await create('pol/a');
    await create('other-a');
    const list = (repositoryName: string) =>
      strange.send(new ListImagesCommand({ repositoryName, registryId: at.account.id }));
    expect((await list('pol/a')).imageIds).toEqual([]);
    await expect(list('pol/none')).rejects.toEqual(named('RepositoryNotFoundException'));
    await expect(list('other-a')).rejects.toEqual(named('AccessDeniedException'));
    expect((await ecr.send(new DeleteRegistryPolicyCommand({}))).policyText).toBe(policyText);
    await expect(list('pol/a')).rejects.toEqual(named('AccessDeniedException'));
    await expect(ecr.send(new DeleteRegistryPolicyCommand({}))).rejects.toEqual(
      named('RegistryPolicyNotFoundException'),
    );
  });

  test('a pull is written down unless the puller is excluded', async () => {
    const repositoryName = 'pull/times';
    await pushImage(at, repositoryName, '1', ['pull times']);
    const user = await at.addUser('scanner', ['ecr:*']);
    const register = (principalArn: string) => ecr.send(new RegisterPullTimeUpdateExclusionCommand({ principalArn }));
    const principalArn = user.principal.arn;
    expect(await register(principalArn)).toMatchObject({ principalArn });
    await expect(register(principalArn)).rejects.toEqual(named('ExclusionAlreadyExistsException'));
    await expect(register(`arn:aws:iam::${at.account.id}:root`)).rejects.toEqual(invalidParameter('principalArn'));
    const second = `arn:aws:iam::${at.account.id}:role/scanner`;
    await register(second);
    await expect(register(`${second}2`)).rejects.toEqual(named('LimitExceededException'));
    const list = await ecr.send(new ListPullTimeUpdateExclusionsCommand({ maxResults: 1 }));
    const rest = await ecr.send(new ListPullTimeUpdateExclusionsCommand({ nextToken: list.nextToken }));
    expect([...(list.pullTimeUpdateExclusions ?? []), ...(rest.pullTimeUpdateExclusions ?? [])]).toEqual(
      [second, principalArn].sort(),
    );

    const pulled = async () => {
      const pulls = at.registry.services.find((each) => each.id === 'registry/pull-times');
      await pulls?.stop();
      const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
      return imageDetails?.[0]?.lastRecordedPullTime;
    };
    await at.ask(`/v2/${repositoryName}/manifests/1`, { as: user });
    const theirs = ecrOf(at, user);
    await theirs.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: '1' }] }));
    theirs.destroy();
    expect(await pulled()).toBeUndefined();
    await at.ask(`/v2/${repositoryName}/manifests/1`);
    expect(await pulled()).toBeInstanceOf(Date);
    await ecr.send(new DeregisterPullTimeUpdateExclusionCommand({ principalArn }));
    await expect(ecr.send(new DeregisterPullTimeUpdateExclusionCommand({ principalArn }))).rejects.toEqual(
      named('ExclusionNotFoundException'),
    );
  });

  test('scanning is configured and kept; a scan is refused', async () => {
    const get = () => ecr.send(new GetRegistryScanningConfigurationCommand({}));
    expect((await get()).scanningConfiguration).toEqual({ scanType: 'BASIC', rules: [] });
    const put = (scanType: 'BASIC' | 'ENHANCED', scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN', filter: string) =>
      ecr.send(
        new PutRegistryScanningConfigurationCommand({
          scanType,
          rules: [{ scanFrequency, repositoryFilters: [{ filter, filterType: 'WILDCARD' }] }],
        }),
      );
    await expect(put('BASIC', 'CONTINUOUS_SCAN', 'scan/*')).rejects.toEqual(invalidParameter('scanFrequency'));
    await expect(put('BASIC', 'SCAN_ON_PUSH', `${'a'.repeat(200)}!`)).rejects.toEqual(invalidParameter('Filters'));
    await put('ENHANCED', 'CONTINUOUS_SCAN', 'scan/c*');
    expect((await get()).scanningConfiguration).toMatchObject({ scanType: 'ENHANCED' });
    for (const each of ['scan/continuous', 'scan/push', 'scan/manual']) await create(each);
    await ecr.send(
      new PutImageScanningConfigurationCommand({
        repositoryName: 'scan/push',
        imageScanningConfiguration: { scanOnPush: true },
      }),
    );
    const { scanningConfigurations, failures } = await ecr.send(
      new BatchGetRepositoryScanningConfigurationCommand({
        repositoryNames: ['scan/continuous', 'scan/push', 'scan/manual', 'scan/none'],
      }),
    );
    expect(scanningConfigurations?.map((each) => [each.repositoryName, each.scanFrequency, each.scanOnPush])).toEqual([
      ['scan/continuous', 'CONTINUOUS_SCAN', false],
      ['scan/push', 'SCAN_ON_PUSH', true],
      ['scan/manual', 'MANUAL', false],
    ]);
    expect(failures).toMatchObject([{ repositoryName: 'scan/none', failureCode: 'REPOSITORY_NOT_FOUND' }]);
    await pushImage(at, 'scan/push', '1', ['scan']);
    const image = { repositoryName: 'scan/push', imageId: { imageTag: '1' } };
    await expect(ecr.send(new StartImageScanCommand(image))).rejects.toEqual(
      named('ValidationException', 'does not scan'),
    );
    await expect(ecr.send(new StartImageScanCommand({ ...image, imageId: { imageTag: '2' } }))).rejects.toEqual(
      named('ImageNotFoundException'),
    );
    await expect(
      ecr.send(new UpdateImageStorageClassCommand({ ...image, targetStorageClass: 'ARCHIVE' })),
    ).rejects.toEqual(named('ImageStorageClassUpdateNotSupportedException'));
    const rules = [{ signingProfileArn: `arn:aws:signer:us-east-1:${at.account.id}:/signing-profiles/p1` }];
    await expect(ecr.send(new PutSigningConfigurationCommand({ signingConfiguration: { rules } }))).rejects.toEqual(
      named('ValidationException', 'does not sign'),
    );
  });

  test('replication is configured and kept; account settings too', async () => {
    const destinations = [{ region: 'eu-west-1', registryId: at.account.id }];
    const repositoryFilters = [{ filter: 'prod', filterType: 'PREFIX_MATCH' as const }];
    const put = (rules: { destinations: { region: string; registryId: string }[] }[]) =>
      ecr.send(new PutReplicationConfigurationCommand({ replicationConfiguration: { rules } }));
    const wanted = [{ destinations, repositoryFilters }];
    expect((await put(wanted)).replicationConfiguration).toEqual({ rules: wanted });
    expect((await ecr.send(new DescribeRegistryCommand({}))).replicationConfiguration).toEqual({ rules: wanted });
    await expect(put([{ destinations: [{ region: 'us-east-1', registryId: at.account.id }] }])).rejects.toEqual(
      invalidParameter('itself'),
    );
    const name = 'BLOB_MOUNTING';
    expect(await ecr.send(new GetAccountSettingCommand({ name }))).toMatchObject({ name, value: 'ENABLED' });
    await expect(ecr.send(new GetAccountSettingCommand({ name: 'X' }))).rejects.toEqual(invalidParameter('name'));
    await expect(ecr.send(new PutAccountSettingCommand({ name, value: 'MAYBE' }))).rejects.toEqual(invalidParameter());
    const digest = await pushBlob(at, 'mount/from', 'mounted');
    const mount = () => at.ask(`/v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`, { method: 'POST' });
    await ecr.send(new PutAccountSettingCommand({ name, value: 'DISABLED' }));
    expect((await mount()).status).toBe(202);
    await ecr.send(new PutAccountSettingCommand({ name, value: 'ENABLED' }));
    expect((await mount()).status).toBe(201);
  });

  test('quotas hold, for both protocols and after deletions', async () => {
    const owner = await at.addAccount('full');
    const theirs = ecrOf(at, owner);
    const make = (repositoryName: string) => theirs.send(new CreateRepositoryCommand({ repositoryName }));
    for (let i = 0; i < quotas.repositoriesPerRegistry; i++) await make(`full/${i}`);
    await expect(make('full/more')).rejects.toEqual(named('LimitExceededException', "which is '40'"));
    await expect(make('full/1')).rejects.toEqual(named('RepositoryAlreadyExistsException'));
    const begun = await at.ask('/v2/full/more/blobs/uploads/', { method: 'POST', as: owner });
    expect([begun.status, await errorCode(begun)]).toEqual([403, 'DENIED']);
    await theirs.send(new DeleteRepositoryCommand({ repositoryName: 'full/0' }));
    await make('full/more');
    theirs.destroy();

    for (let i = 0; i < quotas.imagesPerRepository; i++) await pushImage(at, 'quota/images', `v${i}`, [`quota ${i}`]);
    await expect(pushImage(at, 'quota/images', 'v9', ['quota 9'])).rejects.toThrow('403');
    const again = await pushImage(at, 'quota/images', 'v1', ['quota 1']);
    const gone = await at.ask(`/v2/quota/images/manifests/${again.digest}`, { method: 'DELETE' });
    expect(gone.status).toBe(202);
    await pushImage(at, 'quota/images', 'v9', ['quota 9']);

    const { bytes } = await pushImage(at, 'quota/tags', 't1', ['tags']);
    expect((await putManifest(at, 'quota/tags', 't2', bytes)).status).toBe(201);
    const two = `${digestOf(bytes)}?tag=t3&tag=t4`;
    expect((await putManifest(at, 'quota/tags', two, bytes)).status).toBe(403);
    expect((await putManifest(at, 'quota/tags', 't3', bytes)).status).toBe(201);
    expect((await putManifest(at, 'quota/tags', 't2', bytes)).status).toBe(201);
    expect(await tagsIn('quota/tags')).toEqual(['t1', 't2', 't3']);
  });
});
