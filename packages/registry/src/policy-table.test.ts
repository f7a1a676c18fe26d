// Who may do what with a repository of another account, as a table: the caller's own policy, the repository's, and the
// registry's, for both protocols. And the four modes of tag mutability, by every way that leads to a tag.
import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DeleteRegistryPolicyCommand,
  DeleteRepositoryPolicyCommand,
  type ECRClient,
  PutImageCommand,
  PutRegistryPolicyCommand,
  SetRepositoryPolicyCommand,
  type ImageTagMutability,
} from '@aws-sdk/client-ecr';
import { digestOf } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ecrOf } from './testing/clients.ts';
import {
  imageManifest,
  openTestRegistry,
  pushBlob,
  pushImage,
  putManifest,
  type TestAccount,
  type TestRegistry,
} from './testing/fixture.ts';

const pull = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];
const push = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];

interface Rule {
  readonly effect?: 'Deny';
  readonly actions: readonly string[];
  readonly resource?: string;
  readonly principal?: string;
}

interface Row {
  readonly name: string;
  /** Who of account `a` calls: its root, a user that may do everything, one that may pull, one that may do nothing. */
  readonly caller: 'root' | 'all' | 'puller' | 'nobody';
  readonly repository?: readonly Rule[];
  readonly registry?: readonly Rule[];
  readonly may: string;
}

const rows: readonly Row[] = [
  { name: 'no policy', caller: 'root', may: '' },
  { name: 'the repository lets the account pull', caller: 'root', repository: [{ actions: pull }], may: 'pull' },
  { name: '… its user too, if its own policy does', caller: 'puller', repository: [{ actions: pull }], may: 'pull' },
  { name: '… and not if its own does not', caller: 'nobody', repository: [{ actions: pull }], may: '' },
  {
    name: 'more is given than the user’s own policy has',
    caller: 'puller',
    repository: [{ actions: [...pull, ...push] }],
    may: 'pull',
  },
  { name: 'push and pull', caller: 'root', repository: [{ actions: [...pull, ...push] }], may: 'pull push' },
  { name: 'push only', caller: 'all', repository: [{ actions: push }], may: 'push' },
  {
    name: 'another account is named',
    caller: 'root',
    repository: [{ actions: pull, principal: '999999999999' }],
    may: '',
  },
  { name: 'everybody is named', caller: 'all', repository: [{ actions: pull, principal: '*' }], may: 'pull' },
  {
    name: 'a deny of the repository wins',
    caller: 'root',
    repository: [{ actions: ['ecr:*'] }, { effect: 'Deny', actions: push }],
    may: 'pull',
  },
  { name: 'the registry lets the account pull', caller: 'root', registry: [{ actions: pull }], may: 'pull' },
  { name: '… of other repositories', caller: 'root', registry: [{ actions: pull, resource: 'other/*' }], may: '' },
  { name: '… of this prefix', caller: 'all', registry: [{ actions: pull, resource: 'table/*' }], may: 'pull' },
  {
    name: 'the registry gives one thing, the repository another',
    caller: 'root',
    registry: [{ actions: pull }],
    repository: [{ actions: push }],
    may: 'pull push',
  },
  {
    name: 'a deny of the registry wins over the repository',
    caller: 'root',
    registry: [{ effect: 'Deny', actions: pull }],
    repository: [{ actions: [...pull, ...push] }],
    may: 'push',
  },
  {
    name: 'a deny of the repository wins over the registry',
    caller: 'all',
    registry: [{ actions: [...pull, ...push] }],
    repository: [{ effect: 'Deny', actions: ['ecr:PutImage', ...push] }],
    may: 'pull',
  },
  {
    name: 'the registry alone does not lend a user rights',
    caller: 'nobody',
    registry: [{ actions: ['ecr:*'] }],
    may: '',
  },
];

describe('another account’s repository', () => {
  let at: TestRegistry;
  let owner: TestAccount;
  let ownersClient: ECRClient;
  let callers: Readonly<Record<Row['caller'], TestAccount>>;
  let digest: string;
  const repositoryName = 'table/image';

  beforeAll(async () => {
    at = await openTestRegistry();
    owner = await at.addAccount('owner');
    ownersClient = ecrOf(at, owner);
    callers = {
      root: at.account,
      all: await at.addUser('all', ['ecr:*']),
      puller: await at.addUser('puller', pull),
      nobody: await at.addUser('nobody', ['ecr:DescribeRegistry']),
    };
    const config = '{"table":1}';
    digest = await pushBlob(at, repositoryName, config, owner);
    const { bytes } = imageManifest(config, [config]);
    const answer = await at.ask(`/v2/${repositoryName}/manifests/1`, {
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      as: owner,
    });
    if (answer.status !== 201) throw new Error(`manifest: ${answer.status}`);
  });
  afterAll(async () => {
    ownersClient.destroy();
    await at.close();
  });

  const statements = (rules: readonly Rule[], forRegistry: boolean) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: rules.map(({ effect = 'Allow', actions, resource = '*', principal = at.account.id }) => ({
        Effect: effect,
        Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
        Action: actions,
        ...(forRegistry && { Resource: `arn:aws:ecr:us-east-1:${owner.id}:repository/${resource}` }),
      })),
    });

  async function setPolicies({ repository, registry }: Row): Promise<void> {
    const remove = [
      ownersClient.send(new DeleteRepositoryPolicyCommand({ repositoryName })),
      ownersClient.send(new DeleteRegistryPolicyCommand({})),
    ];
    await Promise.allSettled(remove);
    if (repository) {
      const policyText = statements(repository, false);
      await ownersClient.send(new SetRepositoryPolicyCommand({ repositoryName, policyText, force: true }));
    }
    if (registry) {
      await ownersClient.send(new PutRegistryPolicyCommand({ policyText: statements(registry, true) }));
    }
  }

  test.each(rows)('$name ($caller): $may', async (row) => {
    await setPolicies(row);
    const as = callers[row.caller];
    const path = `/v2/${owner.id}/${repositoryName}`;
    const status = async (rest: string, method = 'GET') => (await at.ask(`${path}${rest}`, { method, as })).status;
    const client = ecrOf(at, as);
    const viaApi = client
      .send(new BatchGetImageCommand({ registryId: owner.id, repositoryName, imageIds: [{ imageTag: '1' }] }))
      .then(
        () => 200,
        (error: Error) => (error.name === 'AccessDeniedException' ? 403 : 500),
      );
    const mayPull = row.may.includes('pull') ? 200 : 403;
    const seen = {
      manifest: await status('/manifests/1'),
      blob: await status(`/blobs/${digest}`),
      api: await viaApi,
      push: await status('/blobs/uploads/', 'POST'),
      // What is not there is refused alike, so that refusals do not tell.
      absent: (await at.ask(`/v2/${owner.id}/table/none/manifests/1`, { as })).status === 200,
    };
    client.destroy();
    const mayPush = row.may.includes('push') ? 202 : 403;
    expect(seen).toEqual({ manifest: mayPull, blob: mayPull, api: mayPull, push: mayPush, absent: false });
  });

  test('a deny of the registry policy holds for the registry’s own users, also for what is not there', async () => {
    const client = ecrOf(at);
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'ecr:BatchGetImage', Resource: '*' }],
    });
    await pushImage(at, 'table/own', '1', ['own']);
    await client.send(new PutRegistryPolicyCommand({ policyText }));
    const answers = await Promise.all(
      ['own', 'none'].map(async (name) => (await at.ask(`/v2/table/${name}/manifests/1`)).status),
    );
    await client.send(new DeleteRegistryPolicyCommand({}));
    client.destroy();
    expect(answers).toEqual([403, 403]);
    expect((await at.ask('/v2/table/own/manifests/1')).status).toBe(200);
  });
});

describe('tag mutability', () => {
  let at: TestRegistry;
  let ecr: ECRClient;
  let writer: TestAccount;
  beforeAll(async () => {
    at = await openTestRegistry();
    ecr = ecrOf(at);
    writer = await at.addUser('writer', [...push, ...pull]);
  });
  afterAll(async () => {
    ecr.destroy();
    await at.close();
  });

  const modes: readonly [ImageTagMutability, boolean, boolean][] = [
    ['MUTABLE', true, true],
    ['IMMUTABLE', false, false],
    ['MUTABLE_WITH_EXCLUSION', true, false],
    ['IMMUTABLE_WITH_EXCLUSION', false, true],
  ];

  test.each(modes)('%s: latest moves %s, dev-1 moves %s', async (mode, latest, dev) => {
    const repositoryName = `mode/${mode.toLowerCase().replaceAll('_', '-')}`;
    const imageTagMutabilityExclusionFilters = [{ filterType: 'WILDCARD' as const, filter: 'dev-*' }];
    await ecr.send(
      new CreateRepositoryCommand({
        repositoryName,
        imageTagMutability: mode,
        ...(mode.endsWith('EXCLUSION') && { imageTagMutabilityExclusionFilters }),
      }),
    );
    const first = await pushImage(at, repositoryName, 'latest', ['first']);
    expect((await putManifest(at, repositoryName, 'dev-1', first.bytes)).status).toBe(201);
    const other = await pushImage(at, repositoryName, 'other', ['second']);
    const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    // Somebody who may only put images (CVE-2026-31801).
    const put = async (reference: string) => {
      const asked = { method: 'PUT', body: other.bytes, headers: type, as: writer };
      return (await at.ask(`/v2/${repositoryName}/manifests/${reference}`, asked)).status;
    };
    const pointsAt = async (tag: string) =>
      (await at.ask(`/v2/${repositoryName}/manifests/${tag}`, { method: 'HEAD' })).headers.get('docker-content-digest');
    const back = async (tag: string) => {
      await at.ask(`/v2/${repositoryName}/manifests/${tag}`, { method: 'DELETE' });
      await putManifest(at, repositoryName, tag, first.bytes);
    };
    for (const [tag, moves] of [
      ['latest', latest],
      ['dev-1', dev],
    ] as const) {
      const ways: readonly (() => Promise<boolean>)[] = [
        async () => (await put(tag)) === 201,
        async () => (await put(`${other.digest}?tag=${tag}`)) === 201,
        // One tag that may be written beside one that may not: neither is.
        async () => (await put(`${other.digest}?tag=fresh-${tag}&tag=${tag}`)) === 201,
        () =>
          ecr.send(new PutImageCommand({ repositoryName, imageManifest: other.bytes, imageTag: tag })).then(
            () => true,
            (error: Error) => error.name !== 'ImageTagAlreadyExistsException',
          ),
      ];
      for (const way of ways) {
        expect([tag, await way()]).toEqual([tag, moves]);
        expect(await pointsAt(tag)).toBe(moves ? other.digest : first.digest);
        await back(tag);
      }
      expect(await pointsAt(`fresh-${tag}`)).toBe(moves ? other.digest : null);
    }
    // What points there already may be put again.
    expect((await putManifest(at, repositoryName, 'latest', first.bytes)).status).toBe(201);
  });

  test('of many pushes of one immutable tag at once, one wins and stays', async () => {
    const repositoryName = 'mode/race';
    await ecr.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
    await pushBlob(at, repositoryName, 'layer');
    const config = '{"race":1}';
    await pushBlob(at, repositoryName, config);
    const bodies = Array.from({ length: 8 }, (_, i) =>
      imageManifest(config, ['layer'], { annotations: { i: `${i}` } }),
    );
    const statuses = await Promise.all(
      bodies.map(async ({ bytes }) => (await putManifest(at, repositoryName, 'v1', bytes)).status),
    );
    expect(statuses.filter((each) => each === 201)).toHaveLength(1);
    const winner = bodies[statuses.indexOf(201)];
    const held = await at.ask(`/v2/${repositoryName}/manifests/v1`);
    expect(held.headers.get('docker-content-digest')).toBe(digestOf(winner?.bytes ?? ''));
  });
});
