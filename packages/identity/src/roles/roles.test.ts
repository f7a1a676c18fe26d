// Roles: made and found by IAM's operations; a trusted service gets keys that are good for a while and for what the role may.
import type { AwsError } from '@longshore/aws';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { invoke } from '../api/testing.ts';
import { rootPrincipal } from '../principals.ts';
import { identityMigrations } from '../schema.ts';
import { testClock, testIdentity } from '../testing.ts';
import { checkTrust, trustsService } from './trust.ts';

const tasks = 'ecs-tasks.amazonaws.com';
const trust = (more: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: tasks }, Action: 'sts:AssumeRole', ...more }],
  });
const mayGetUsers = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'iam:ListUsers', Resource: '*' }],
});

describe('a trust policy', () => {
  it('lets in the service that it names, and nobody with conditions or against a deny', () => {
    expect(trustsService(trust(), tasks)).toBe(true);
    expect(trustsService(trust({ Principal: { Service: ['a.amazonaws.com', tasks] } }), tasks)).toBe(true);
    expect(trustsService(trust({ Principal: { Service: 'lambda.amazonaws.com' } }), tasks)).toBe(false);
    expect(trustsService(trust({ Principal: { AWS: '*' } }), tasks)).toBe(false);
    expect(trustsService(trust({ Effect: 'Deny' }), tasks)).toBe(false);
    expect(trustsService(trust({ Action: 'sts:TagSession' }), tasks)).toBe(false);
    const conditional = { Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } } };
    expect(trustsService(trust(conditional), tasks)).toBe(false);
  });

  it.each(['', '{', '[]', '{"Statement":[{"Effect":"Allow"}]}', trust({ Resource: '*' }), trust({ Action: 's3:Get' })])(
    'is refused when it is none: %s',
    (text) => {
      expect(() => checkTrust(text)).toThrow(/policy/i);
    },
  );
});

describe.each([...testStores()])('roles on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const clock = testClock();
    const identity = testIdentity(opened.store, clock);
    const { account } = await identity.bootstrap();
    const root = rootPrincipal(account.id);
    const iam = (name: string, input: object = {}, principal = root) =>
      invoke(identity, identity.iam, principal, name, input);
    const assume = (role: string) =>
      identity.assumeForService({ account: account.id, role, service: tasks, session: 'task-1' });
    return { identity, account: account.id, clock, iam, assume };
  }

  async function failure(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'none',
      (error: AwsError) => error.code,
    );
  }

  it('are made, answered, listed, changed and removed', async () => {
    const { iam, account } = await open();
    const made = await iam('CreateRole', { RoleName: 'Web', Path: '/app/', AssumeRolePolicyDocument: trust() });
    expect(made.Role).toMatchObject({ RoleName: 'Web', Arn: `arn:aws:iam::${account}:role/app/Web` });
    expect(await failure(iam('CreateRole', { RoleName: 'web', AssumeRolePolicyDocument: trust() }))).toBe(
      'EntityAlreadyExists',
    );
    const { Role: found } = await iam('GetRole', { RoleName: 'web' });
    expect(decodeURIComponent((found as { AssumeRolePolicyDocument: string }).AssumeRolePolicyDocument)).toBe(trust());
    await iam('CreateRole', { RoleName: 'batch', AssumeRolePolicyDocument: trust() });
    const { Roles: listed } = await iam('ListRoles', {});
    expect((listed as { RoleName: string }[]).map((role) => role.RoleName)).toEqual(['batch', 'Web']);
    await iam('PutRolePolicy', { RoleName: 'Web', PolicyName: 'p', PolicyDocument: mayGetUsers });
    expect(await iam('ListRolePolicies', { RoleName: 'Web' })).toMatchObject({ PolicyNames: ['p'] });
    expect(await iam('GetRolePolicy', { RoleName: 'Web', PolicyName: 'p' })).toMatchObject({ RoleName: 'Web' });
    expect(await failure(iam('DeleteRole', { RoleName: 'Web' }))).toBe('DeleteConflict');
    await iam('DeleteRolePolicy', { RoleName: 'Web', PolicyName: 'p' });
    expect(await failure(iam('DeleteRolePolicy', { RoleName: 'Web', PolicyName: 'p' }))).toBe('NoSuchEntity');
    await iam('DeleteRole', { RoleName: 'Web' });
    expect(await failure(iam('GetRole', { RoleName: 'Web' }))).toBe('NoSuchEntity');
  });

  it('give keys to a service that they trust, for what their policies allow and until their end', async () => {
    const { iam, identity, account, assume, clock } = await open();
    await iam('CreateRole', { RoleName: 'web', AssumeRolePolicyDocument: trust() });
    await iam('PutRolePolicy', { RoleName: 'web', PolicyName: 'p', PolicyDocument: mayGetUsers });
    const session = await assume(`arn:aws:iam::${account}:role/web`);
    expect(session).toMatchObject({
      accessKeyId: expect.stringMatching(/^ASIA/),
      roleArn: expect.stringContaining('web'),
    });
    const found = await identity.credentials.find(session?.accessKeyId ?? '');
    expect(found).toMatchObject({
      active: true,
      secretAccessKey: session?.secretAccessKey,
      sessionToken: session?.sessionToken,
      principal: { kind: 'role', arn: `arn:aws:sts::${account}:assumed-role/web/task-1` },
    });
    const principal = found?.principal ?? rootPrincipal(account);
    expect(await iam('ListUsers', {}, principal)).toMatchObject({ Users: [] });
    expect(await failure(iam('CreateUser', { UserName: 'x' }, principal))).toBe('AccessDenied');
    await iam('DeleteRolePolicy', { RoleName: 'web', PolicyName: 'p' });
    expect(await failure(iam('ListUsers', {}, principal))).toBe('AccessDenied');
    clock.advance(6 * 3_600_000);
    expect((await identity.credentials.find(session?.accessKeyId ?? ''))?.active).toBe(false);
    await iam('DeleteRole', { RoleName: 'web' });
    clock.advance(10_000);
    expect(await identity.credentials.find(session?.accessKeyId ?? '')).toBeUndefined();
  });

  it('give none to a service that they do not trust, for another path, or for another account', async () => {
    const { iam, account, assume } = await open();
    const other = { Principal: { Service: 'lambda.amazonaws.com' } };
    await iam('CreateRole', { RoleName: 'web', AssumeRolePolicyDocument: trust(other) });
    expect(await assume('web')).toBeUndefined();
    await iam('UpdateAssumeRolePolicy', { RoleName: 'web', PolicyDocument: trust() });
    expect(await assume('web')).toBeDefined();
    expect(await assume(`arn:aws:iam::${account}:role/other/web`)).toBeUndefined();
    expect(await assume('arn:aws:iam::000000000000:role/web')).toBeUndefined();
    expect(await assume('nobody')).toBeUndefined();
  });
});
