// Every operation of the ECR API once, by the SDK against a Longshore as a user starts it; where the API model is at hand
// (LONGSHORE_AWS_MODELS), each answer's shape is compared with it. And a sample by boto3, where Python has it.
import * as sdk from '@aws-sdk/client-ecr';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, tryRun } from './support/command.ts';
import { readAwsModel } from './support/aws-model.ts';
import { type Longshore, startLongshore } from './support/longshore.ts';
import { systemStores } from './support/stores.ts';
import { keepWire } from './support/wire.ts';

const model = readAwsModel('ecr');

const python = await (async () => {
  for (const each of ['python3', '/usr/bin/python3']) {
    if ((await tryRun(each, ['-c', 'import boto3'])).code === 0) return each;
  }
  return undefined;
})();

const repositoryName = 'every/operation';
const layer = Buffer.from('{"every":"operation"}');
const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf(layer), size: layer.length });
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: descriptor('application/vnd.oci.image.config.v1+json'),
  layers: [descriptor('application/vnd.oci.image.layer.v1.tar')],
});
const digest = digestOf(manifest);
const imageId = { imageTag: 'one' };
const lifecyclePolicyText = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      description: 'keep the last one of whatever there is',
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 },
      action: { type: 'expire' },
    },
  ],
});

/** What a step may need of where it runs and of what an earlier one answered. */
interface Known {
  readonly account: string;
  readonly uploadId: string;
}

interface Step {
  readonly name: string;
  readonly input: (known: Known) => object;
  /** The operation is refused, with this. */
  readonly error?: string;
}

const step = (name: string, input: object | ((known: Known) => object) = {}, error?: string): Step => ({
  name,
  input: typeof input === 'function' ? (input as (known: Known) => object) : () => input,
  ...(error !== undefined && { error }),
});

const arn = ({ account }: Known) => `arn:aws:ecr:us-east-1:${account}:repository/${repositoryName}`;
const policy = (resource: object) => (known: Known) => ({
  policyText: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${known.account}:root` },
        Action: 'ecr:BatchGetImage',
        ...resource,
      },
    ],
  }),
  repositoryName,
});
const user = ({ account }: Known) => ({ principalArn: `arn:aws:iam::${account}:user/scanner` });
const template = { prefix: 'every', appliedFor: ['CREATE_ON_PUSH'], resourceTags: [{ Key: 'a', Value: 'b' }] };
const scanRules = [
  { scanFrequency: 'SCAN_ON_PUSH', repositoryFilters: [{ filter: 'every*', filterType: 'WILDCARD' }] },
];

const steps: readonly Step[] = [
  step('GetAuthorizationToken'),
  step('CreateRepository', { repositoryName, tags: [{ Key: 'team', Value: 'a' }] }),
  step('InitiateLayerUpload', { repositoryName }),
  step('UploadLayerPart', ({ uploadId }) => ({
    repositoryName,
    uploadId,
    partFirstByte: 0,
    partLastByte: layer.length - 1,
    layerPartBlob: layer,
  })),
  step('CompleteLayerUpload', ({ uploadId }) => ({ repositoryName, uploadId, layerDigests: [digestOf(layer)] })),
  step('BatchCheckLayerAvailability', { repositoryName, layerDigests: [digestOf(layer), digestOf('none'), 'bad'] }),
  step('PutImage', { repositoryName, imageManifest: manifest, imageTag: 'one' }),
  step('BatchGetImage', { repositoryName, imageIds: [imageId, { imageTag: 'none' }] }),
  step('GetDownloadUrlForLayer', { repositoryName, layerDigest: digestOf(layer) }),
  step('DescribeImages', { repositoryName }),
  step('ListImages', { repositoryName }),
  step('DescribeRepositories', { maxResults: 1 }),
  step('SetRepositoryPolicy', policy({})),
  step('GetRepositoryPolicy', { repositoryName }),
  step('DeleteRepositoryPolicy', { repositoryName }),
  step('TagResource', (known) => ({ resourceArn: arn(known), tags: [{ Key: 'x', Value: 'y' }] })),
  step('ListTagsForResource', (known) => ({ resourceArn: arn(known) })),
  step('UntagResource', (known) => ({ resourceArn: arn(known), tagKeys: ['x'] })),
  step('PutImageTagMutability', {
    repositoryName,
    imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev-*' }],
  }),
  step('PutImageScanningConfiguration', { repositoryName, imageScanningConfiguration: { scanOnPush: true } }),
  step('PutRegistryScanningConfiguration', { scanType: 'BASIC', rules: scanRules }),
  step('GetRegistryScanningConfiguration'),
  step('BatchGetRepositoryScanningConfiguration', { repositoryNames: [repositoryName, 'every/none'] }),
  step('StartImageScan', { repositoryName, imageId }, 'ValidationException'),
  step('DescribeImageScanFindings', { repositoryName, imageId }, 'ScanNotFoundException'),
  step('PutLifecyclePolicy', { repositoryName, lifecyclePolicyText }),
  step('GetLifecyclePolicy', { repositoryName }),
  step('StartLifecyclePolicyPreview', { repositoryName }),
  step('GetLifecyclePolicyPreview', { repositoryName }),
  step('DeleteLifecyclePolicy', { repositoryName }),
  step('PutRegistryPolicy', policy({ Resource: '*' })),
  step('GetRegistryPolicy'),
  step('DeleteRegistryPolicy'),
  step('PutReplicationConfiguration', ({ account }) => ({
    replicationConfiguration: {
      rules: [
        {
          destinations: [{ region: 'eu-west-1', registryId: account }],
          repositoryFilters: [{ filter: 'every', filterType: 'PREFIX_MATCH' }],
        },
      ],
    },
  })),
  step('DescribeRegistry'),
  step('DescribeImageReplicationStatus', { repositoryName, imageId }),
  step('PutAccountSetting', { name: 'BLOB_MOUNTING', value: 'ENABLED' }),
  step('GetAccountSetting', { name: 'REGISTRY_POLICY_SCOPE' }),
  step('RegisterPullTimeUpdateExclusion', user),
  step('ListPullTimeUpdateExclusions'),
  step('DeregisterPullTimeUpdateExclusion', user),
  step('PutSigningConfiguration', { signingConfiguration: { rules: [] } }),
  step('GetSigningConfiguration'),
  step('DeleteSigningConfiguration'),
  step('DescribeImageSigningStatus', { repositoryName, imageId }),
  step('ListImageReferrers', { repositoryName, subjectId: { imageDigest: digest } }),
  step(
    'UpdateImageStorageClass',
    { repositoryName, imageId, targetStorageClass: 'ARCHIVE' },
    'ImageStorageClassUpdateNotSupportedException',
  ),
  step('CreateRepositoryCreationTemplate', {
    ...template,
    description: 'for every operation',
    lifecyclePolicy: lifecyclePolicyText,
  }),
  step('UpdateRepositoryCreationTemplate', { prefix: 'every', imageTagMutability: 'IMMUTABLE' }),
  step('DescribeRepositoryCreationTemplates', { prefixes: ['every'] }),
  step('DeleteRepositoryCreationTemplate', { prefix: 'every' }),
  step('CreatePullThroughCacheRule', { ecrRepositoryPrefix: 'quay', upstreamRegistryUrl: 'quay.io' }),
  step('DescribePullThroughCacheRules'),
  step(
    'UpdatePullThroughCacheRule',
    ({ account }) => ({
      ecrRepositoryPrefix: 'quay',
      credentialArn: `arn:aws:secretsmanager:us-east-1:${account}:secret:ecr-pullthroughcache/none-abcdef`,
    }),
    'SecretNotFoundException',
  ),
  step('ValidatePullThroughCacheRule', { ecrRepositoryPrefix: 'quay' }),
  step('DeletePullThroughCacheRule', { ecrRepositoryPrefix: 'quay' }),
  step('BatchDeleteImage', { repositoryName, imageIds: [imageId, { imageTag: 'none' }] }),
  step('DeleteRepository', { repositoryName, force: true }),
];

/** Operations of newer SDKs than the model: copies to other regions are not made yet. */
const later = [
  'DescribeReplicationBackfillResults',
  'ListReplicationBackfills',
  'StartReplicationBackfill',
  'StopReplicationBackfill',
];

type CommandClass = new (input: object) => Parameters<sdk.ECRClient['send']>[0];

function commandOf(name: string, input: object): Parameters<sdk.ECRClient['send']>[0] {
  const commands = sdk as unknown as Readonly<Record<string, CommandClass>>;
  const Command = commands[`${name}Command`];
  if (!Command) throw new Error(`The SDK has no ${name}`);
  return new Command(input);
}

test('the table has every operation once', () => {
  const wanted = Object.keys(sdk)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.slice(0, -'Command'.length))
    .filter((name) => !later.includes(name));
  expect(steps.map((each) => each.name).sort()).toEqual(wanted.sort());
  expect(steps).toHaveLength(58);
  expect(wanted).toEqual(expect.arrayContaining([...(model?.operations ?? [])]));
});

describe.each(systemStores)('on $name', (store) => {
  let longshore: Longshore;
  let drop: () => Promise<void>;
  let client: sdk.ECRClient;
  let wire: () => string;
  let uploadId = '';

  beforeAll(async () => {
    const created = await store.create();
    drop = created.drop;
    longshore = await startLongshore({ store: created.url, args: ['--no-agent'] });
    const { credentials } = longshore;
    client = new sdk.ECRClient({ endpoint: longshore.url, region: credentials.region, credentials, maxAttempts: 1 });
    wire = keepWire(client);
  });

  afterAll(async () => {
    client?.destroy();
    await longshore?.[Symbol.asyncDispose]();
    await drop?.();
  });

  test.each(steps)('$name', async ({ name, input, error }) => {
    const command = commandOf(name, input({ account: longshore.credentials.account, uploadId }));
    const outcome = await client.send(command).then(
      () => 'done',
      (reason: Error) => `${reason.name}: ${reason.message}`,
    );
    expect(outcome.split(':')[0], outcome).toBe(error ?? 'done');
    const answer = JSON.parse(wire()) as Readonly<Record<string, unknown>>;
    if (name === 'InitiateLayerUpload') uploadId = String(answer['uploadId']);
    const known = error === undefined || (model?.errorsOf(name).includes(error) ?? true);
    expect(known, `${error} is an error of ${name}`).toBe(true);
    expect(error === undefined ? (model?.faults(name, answer) ?? []) : []).toEqual([]);
  });

  test.skipIf(!python)('boto3 makes a repository, sets its policies, reads them in pages, and deletes it', async () => {
    const script = join(import.meta.dirname, 'support', 'boto3_ecr.py');
    const out = await run(python ?? '', [script], { env: longshore.env });
    expect(JSON.parse(out)).toEqual({
      mutability: 'IMMUTABLE_WITH_EXCLUSION',
      lifecycle: 'imageCountMoreThan',
      preview: 'COMPLETE',
      expiring: 0,
      template: ['boto', 'boto/team'],
      setting: 'ENABLED',
      missing: 'RepositoryNotFoundException',
      invalid: 'InvalidParameterException',
    });
  });
});
