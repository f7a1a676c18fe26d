// Identity behind the real endpoint, with the clients that people use: the AWS SDK and Debian's AWS CLI.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  EntityAlreadyExistsException,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListUsersCommand,
  MalformedPolicyDocumentException,
  NoSuchEntityException,
  PutUserPolicyCommand,
  paginateListUsers,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { createAwsEndpoint, createVerifier } from '@longshore/aws';
import { serveWire } from '@longshore/aws/testing';
import { memoryMeter, silentLogger, systemClock } from '@longshore/base';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityMigrations } from './schema.ts';
import { testIdentity } from './testing.ts';
import type { AccessKey } from './types.ts';

const cli = '/usr/bin/aws';
const region = 'us-east-1';
const run = promisify(execFile);

const ownPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['iam:GetUser'], Resource: 'arn:aws:iam::*:user/${aws:username}' }],
});

describe.each([...testStores()])('real clients of IAM and STS on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const identity = testIdentity(opened.store, systemClock);
    const { account, rootKey } = await identity.bootstrap();
    const server = await serveWire(
      createAwsEndpoint({
        services: [identity.sts, identity.iam],
        verifier: createVerifier({ credentials: identity.credentials, clock: systemClock, region }),
        authorizer: identity.authorizer,
        replayGuard: identity.replayGuard,
        region,
        clock: systemClock,
        log: silentLogger,
        meter: memoryMeter(),
      }),
    );
    onTestFinished(() => server.close());
    const endpoint = server.url;
    const settings = (credentials: AccessKey) => ({ endpoint, region, credentials, maxAttempts: 2 });
    return {
      account: account.id,
      rootKey,
      endpoint,
      iam: (key: AccessKey = rootKey) => new IAMClient(settings(key)),
      sts: (key: AccessKey = rootKey) => new STSClient(settings(key)),
    };
  }

  it('the SDK makes a user whose key and policy count at once', async () => {
    const { iam, sts, account } = await open();
    const root = iam();
    expect(await sts().send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: account,
      Arn: `arn:aws:iam::${account}:root`,
      UserId: account,
    });
    const { User: made } = await root.send(new CreateUserCommand({ UserName: 'ann', Path: '/team/' }));
    expect(made?.CreateDate).toBeInstanceOf(Date);
    const { AccessKey: key } = await root.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    const annKey = { accessKeyId: key?.AccessKeyId ?? '', secretAccessKey: key?.SecretAccessKey ?? '' };
    const arn = `arn:aws:iam::${account}:user/team/ann`;
    expect(await sts(annKey).send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: arn, UserId: made?.UserId });

    const ann = iam(annKey);
    await expect(ann.send(new GetUserCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: ${arn} is not authorized to perform: iam:GetUser on resource: ${arn} because no identity-based policy allows the iam:GetUser action`,
    });
    const PolicyDocument = ownPolicy.replace('user/', 'user/team/');
    await root.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'own', PolicyDocument }));
    expect((await ann.send(new GetUserCommand({}))).User?.Arn).toBe(arn);
    await expect(ann.send(new ListUsersCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' });
    const stored = await root.send(new GetUserPolicyCommand({ UserName: 'ann', PolicyName: 'own' }));
    expect(decodeURIComponent(stored.PolicyDocument ?? '')).toBe(PolicyDocument);

    await root.send(
      new UpdateAccessKeyCommand({ UserName: 'ann', AccessKeyId: annKey.accessKeyId, Status: 'Inactive' }),
    );
    await expect(ann.send(new GetUserCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  it("the SDK knows IAM's errors, and its pages", async () => {
    const { iam } = await open();
    const root = iam();
    for (const UserName of ['a', 'b', 'c']) await root.send(new CreateUserCommand({ UserName }));
    await expect(root.send(new CreateUserCommand({ UserName: 'a', Path: '/other/' }))).rejects.toThrow(
      EntityAlreadyExistsException,
    );
    await expect(root.send(new DeleteUserCommand({ UserName: 'z' }))).rejects.toThrow(NoSuchEntityException);
    const broken = new PutUserPolicyCommand({ UserName: 'a', PolicyName: 'p', PolicyDocument: '{"Statement":[]}' });
    await expect(root.send(broken)).rejects.toThrow(MalformedPolicyDocumentException);
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListUsers({ client: root, pageSize: 2 }, {})) {
      pages.push((page.Users ?? []).map((user) => user.UserName));
    }
    expect(pages).toEqual([['a', 'b'], ['c']]);
  });

  it.skipIf(!existsSync(cli))(
    "Debian's AWS CLI does the same",
    async () => {
      const { account, rootKey, endpoint } = await open();
      const aws = async (key: AccessKey, ...args: readonly string[]): Promise<Record<string, unknown>> => {
        const env = {
          PATH: process.env.PATH,
          HOME: '/nonexistent',
          AWS_ACCESS_KEY_ID: key.accessKeyId,
          AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
          AWS_DEFAULT_REGION: region,
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_MAX_ATTEMPTS: '2',
        };
        const { stdout } = await run(cli, [...args, '--endpoint-url', endpoint, '--output', 'json'], { env });
        return (stdout.trim() === '' ? {} : JSON.parse(stdout)) as Record<string, unknown>;
      };
      expect(await aws(rootKey, 'sts', 'get-caller-identity')).toEqual({
        UserId: account,
        Account: account,
        Arn: `arn:aws:iam::${account}:root`,
      });
      const arn = `arn:aws:iam::${account}:user/ann`;
      expect(await aws(rootKey, 'iam', 'create-user', '--user-name', 'ann')).toMatchObject({ User: { Arn: arn } });
      const made = await aws(rootKey, 'iam', 'create-access-key', '--user-name', 'ann');
      const key = made.AccessKey as { AccessKeyId: string; SecretAccessKey: string };
      const annKey = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
      await expect(aws(annKey, 'iam', 'get-user')).rejects.toMatchObject({
        stderr: expect.stringContaining(
          'An error occurred (AccessDenied) when calling the GetUser operation',
        ) as string,
      });
      const policy = ['--user-name', 'ann', '--policy-name', 'own'];
      await aws(rootKey, 'iam', 'put-user-policy', ...policy, '--policy-document', ownPolicy);
      expect(await aws(annKey, 'iam', 'get-user')).toMatchObject({ User: { UserName: 'ann' } });
      expect(await aws(rootKey, 'iam', 'get-user-policy', ...policy)).toMatchObject({
        PolicyDocument: JSON.parse(ownPolicy) as object,
      });
      const listed = await aws(rootKey, 'iam', 'list-access-keys', '--user-name', 'ann');
      expect(listed.AccessKeyMetadata).toMatchObject([{ AccessKeyId: annKey.accessKeyId, Status: 'Active' }]);
      await expect(aws(rootKey, 'iam', 'delete-user', '--user-name', 'ann')).rejects.toMatchObject({
        stderr: expect.stringContaining('(DeleteConflict)') as string,
      });
    },
    60_000,
  );
});
