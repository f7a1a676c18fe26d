import type { AwsError } from '@longshore/aws';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rootPrincipal } from '../principals.ts';
import { identityMigrations } from '../schema.ts';
import { testClock, testIdentity } from '../testing.ts';
import { invoke } from './testing.ts';

const document = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'iam:GetUser', Resource: 'arn:aws:iam::*:user/${aws:username}' }],
});

describe.each([...testStores()])('IAM on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const clock = testClock();
    const identity = testIdentity(opened.store, clock);
    const { account } = await identity.bootstrap();
    const root = rootPrincipal(account.id);
    const iam = (name: string, input: object = {}, principal = root) =>
      invoke(identity, identity.iam, principal, name, input);
    const newKey = async (UserName: string) => {
      const made = await iam('CreateAccessKey', { UserName });
      return made.AccessKey as { AccessKeyId: string; SecretAccessKey: string };
    };
    const as = async (keyId: string) => {
      const found = await identity.credentials.find(keyId);
      if (!found) throw new Error('no such key');
      return found.principal;
    };
    return { identity, account: account.id, root, clock, store: opened.store, iam, newKey, as };
  }

  async function failure(work: Promise<unknown>): Promise<[string, number, string]> {
    try {
      await work;
    } catch (error) {
      const { code, status, message } = error as AwsError;
      return [code, status, message];
    }
    throw new Error('it did not fail');
  }

  it('makes, answers and removes users', async () => {
    const { iam, account } = await open();
    const { User: user } = await iam('CreateUser', { UserName: 'Ann', Path: '/team/' });
    expect(user).toMatchObject({ UserName: 'Ann', Path: '/team/', Arn: `arn:aws:iam::${account}:user/team/Ann` });
    expect((user as { UserId: string }).UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect((await iam('GetUser', { UserName: 'ann' })).User).toMatchObject({ UserName: 'Ann' });
    await iam('DeleteUser', { UserName: 'ANN' });
    expect(await failure(iam('GetUser', { UserName: 'Ann' }))).toEqual([
      'NoSuchEntity',
      404,
      'The user with name Ann cannot be found.',
    ]);
  });

  it('answers root about itself', async () => {
    const { iam, account } = await open();
    expect((await iam('GetUser')).User).toMatchObject({ UserId: account, Arn: `arn:aws:iam::${account}:root` });
    const { AccessKeyMetadata: keys } = await iam('ListAccessKeys');
    expect(keys).toHaveLength(1);
  });

  it('takes a name once, whatever its case, also under races', async () => {
    const { iam } = await open();
    const attempts = ['ann', 'ANN', 'Ann', 'aNN'].map((UserName) => iam('CreateUser', { UserName }));
    const results = await Promise.allSettled(attempts);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await failure(iam('CreateUser', { UserName: 'ann' }))).toEqual([
      'EntityAlreadyExists',
      409,
      'User with name ann already exists.',
    ]);
  });

  it.each([
    ['CreateUser', {}, 'ValidationError'],
    ['CreateUser', { UserName: 'a b' }, 'ValidationError'],
    ['CreateUser', { UserName: '../root' }, 'ValidationError'],
    ['CreateUser', { UserName: 'a'.repeat(65) }, 'ValidationError'],
    ['CreateUser', { UserName: 'a', Path: 'x' }, 'ValidationError'],
    ['CreateUser', { UserName: 'a', Path: '/x' }, 'ValidationError'],
    ['CreateUser', { UserName: 'agent', Path: '/longshore/' }, 'ValidationError'],
    ['CreateUser', { UserName: 'a', PermissionsBoundary: 'arn:aws:iam::aws:policy/x' }, 'InvalidInput'],
    ['CreateUser', { UserName: 'a', Tags: [{ Key: 'k', Value: 'v' }] }, 'InvalidInput'],
    ['DeleteUser', { UserName: 'nobody' }, 'NoSuchEntity'],
    ['CreateAccessKey', { UserName: 'nobody' }, 'NoSuchEntity'],
    ['ListAccessKeys', { UserName: 'nobody' }, 'NoSuchEntity'],
    ['DeleteAccessKey', { AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }, 'NoSuchEntity'],
    ['DeleteAccessKey', { AccessKeyId: 'x' }, 'ValidationError'],
    ['UpdateAccessKey', { AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA', Status: 'Off' }, 'ValidationError'],
    ['GetUserPolicy', { UserName: 'nobody', PolicyName: 'p' }, 'NoSuchEntity'],
    ['PutUserPolicy', { UserName: 'nobody', PolicyName: 'p', PolicyDocument: document }, 'NoSuchEntity'],
    ['PutUserPolicy', { UserName: 'nobody', PolicyName: 'p', PolicyDocument: '{}' }, 'MalformedPolicyDocument'],
    ['PutUserPolicy', { UserName: 'nobody', PolicyName: 'p' }, 'ValidationError'],
    ['ListUsers', { MaxItems: 0 }, 'ValidationError'],
    ['ListUsers', { Marker: '!' }, 'ValidationError'],
    ['ListUsers', { PathPrefix: 'x' }, 'ValidationError'],
  ])('refuses %s of %j with %s', async (name, input, code) => {
    const { iam } = await open();
    expect((await failure(iam(name, input)))[0]).toBe(code);
  });

  it('pages through users, within a path', async () => {
    const { iam } = await open();
    for (const name of ['c', 'a', 'B', 'd', 'e']) await iam('CreateUser', { UserName: name, Path: '/t/' });
    await iam('CreateUser', { UserName: 'z' });
    const seen: string[] = [];
    let marker: string | undefined;
    do {
      const page = await iam('ListUsers', { MaxItems: 2, PathPrefix: '/t', ...(marker && { Marker: marker }) });
      seen.push(...(page.Users as { UserName: string }[]).map((user) => user.UserName));
      marker = page.Marker as string | undefined;
      expect(page.IsTruncated).toBe(marker !== undefined);
    } while (marker);
    expect(seen).toEqual(['a', 'B', 'c', 'd', 'e']);
    expect((await iam('ListUsers')).Users).toHaveLength(6);
  });

  it('keeps a user that still has keys or policies', async () => {
    const { iam, newKey } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const key = await newKey('ann');
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: document });
    const first = await failure(iam('DeleteUser', { UserName: 'ann' }));
    expect(first).toEqual(['DeleteConflict', 409, 'Cannot delete entity, must delete access keys first.']);
    await iam('DeleteAccessKey', { UserName: 'ann', AccessKeyId: key.AccessKeyId });
    const second = await failure(iam('DeleteUser', { UserName: 'ann' }));
    expect(second).toEqual(['DeleteConflict', 409, 'Cannot delete entity, must delete policies first.']);
    await iam('DeleteUserPolicy', { UserName: 'ann', PolicyName: 'p' });
    await iam('DeleteUser', { UserName: 'ann' });
  });

  it('gives a user two keys at most, also under races', async () => {
    const { iam } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => iam('CreateAccessKey', { UserName: 'ann' })));
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(2);
    expect(await failure(iam('CreateAccessKey', { UserName: 'ann' }))).toEqual([
      'LimitExceeded',
      409,
      'Cannot exceed quota for AccessKeysPerUser: 2',
    ]);
    expect((await iam('ListAccessKeys', { UserName: 'ann' })).AccessKeyMetadata).toHaveLength(2);
  });

  it('switches keys off and on and removes them, at once in this process', async () => {
    const { iam, identity, newKey } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const { AccessKeyId, SecretAccessKey } = await newKey('ann');
    const find = () => identity.credentials.find(AccessKeyId);
    expect(await find()).toMatchObject({ secretAccessKey: SecretAccessKey, active: true });
    await iam('UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' });
    expect(await find()).toMatchObject({ active: false });
    const { AccessKeyMetadata: keys } = await iam('ListAccessKeys', { UserName: 'ann' });
    expect(keys).toMatchObject([{ AccessKeyId, UserName: 'ann', Status: 'Inactive' }]);
    await iam('DeleteAccessKey', { UserName: 'ann', AccessKeyId });
    expect(await find()).toBeUndefined();
  });

  it("does not touch another owner's key", async () => {
    const { iam, newKey, identity } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    await iam('CreateUser', { UserName: 'bob' });
    const { AccessKeyId } = await newKey('ann');
    const wrong = await failure(iam('DeleteAccessKey', { UserName: 'bob', AccessKeyId }));
    expect(wrong).toEqual(['NoSuchEntity', 404, `The Access Key with id ${AccessKeyId} cannot be found.`]);
    expect(await identity.credentials.find(AccessKeyId)).toBeDefined();
  });

  it('keeps accounts apart', async () => {
    const { iam, identity, newKey } = await open();
    const other = await identity.createAccount('other');
    const stranger = rootPrincipal(other.account.id);
    await iam('CreateUser', { UserName: 'ann' });
    const { AccessKeyId } = await newKey('ann');
    expect((await failure(iam('GetUser', { UserName: 'ann' }, stranger)))[0]).toBe('NoSuchEntity');
    expect((await failure(iam('DeleteAccessKey', { AccessKeyId }, stranger)))[0]).toBe('NoSuchEntity');
    expect((await iam('ListUsers', {}, stranger)).Users).toEqual([]);
    await iam('CreateUser', { UserName: 'ann' }, stranger);
  });

  it('answers a policy as it was put, percent-encoded', async () => {
    const { iam } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: document });
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'q', PolicyDocument: document });
    const answered = (await iam('GetUserPolicy', { UserName: 'ann', PolicyName: 'p' })).PolicyDocument as string;
    expect(answered).not.toMatch(/[{}"*]/);
    expect(decodeURIComponent(answered)).toBe(document);
    expect((await iam('ListUserPolicies', { UserName: 'ann', MaxItems: 1 })).PolicyNames).toEqual(['p']);
    const gone = await failure(iam('DeleteUserPolicy', { UserName: 'ann', PolicyName: 'r' }));
    expect(gone).toEqual(['NoSuchEntity', 404, 'The user policy with name r cannot be found.']);
  });

  it("limits all of a user's policies together", async () => {
    const { iam } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const large = (length: number) => document.replace('user/', `user/${'z'.repeat(length)}/`);
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: large(3000) });
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: large(3500) });
    const over = failure(iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'q', PolicyDocument: large(3000) }));
    expect((await over).slice(0, 2)).toEqual(['LimitExceeded', 409]);
  });

  it('lets users do what their policies allow, from the next call on', async () => {
    const { iam, newKey, as, account } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const ann = await as((await newKey('ann')).AccessKeyId);
    const denied = `User: ${ann.arn} is not authorized to perform: iam:GetUser on resource: ${ann.arn} because no identity-based policy allows the iam:GetUser action`;
    expect(await failure(iam('GetUser', {}, ann))).toEqual(['AccessDenied', 403, denied]);
    await iam('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: document });
    expect((await iam('GetUser', {}, ann)).User).toMatchObject({ UserName: 'ann' });
    expect((await failure(iam('GetUser', { UserName: 'bob' }, ann)))[2]).toContain(`arn:aws:iam::${account}:user/bob`);
    expect((await failure(iam('ListUsers', {}, ann)))[2]).toContain('iam:ListUsers on resource');
    await iam('DeleteUserPolicy', { UserName: 'ann', PolicyName: 'p' });
    expect((await failure(iam('GetUser', {}, ann)))[0]).toBe('AccessDenied');
  });

  it("notices another replica's changes within five seconds", async () => {
    const { iam, newKey, as, identity, store, clock, root } = await open();
    await iam('CreateUser', { UserName: 'ann' });
    const { AccessKeyId } = await newKey('ann');
    const ann = await as(AccessKeyId);
    expect((await failure(iam('GetUser', {}, ann)))[0]).toBe('AccessDenied');
    const other = testIdentity(store, clock);
    const put = { UserName: 'ann', PolicyName: 'p', PolicyDocument: document };
    await invoke(other, other.iam, root, 'PutUserPolicy', put);
    await invoke(other, other.iam, root, 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' });
    clock.advance(2000);
    expect(await identity.credentials.find(AccessKeyId)).toMatchObject({ active: false });
    clock.advance(3000);
    expect((await iam('GetUser', {}, ann)).User).toMatchObject({ UserName: 'ann' });
  });

  it('tells every caller who it is', async () => {
    const { identity, root, account } = await open();
    const answer = await invoke(identity, identity.sts, root, 'GetCallerIdentity', {});
    expect(answer).toEqual({ Account: account, UserId: account, Arn: `arn:aws:iam::${account}:root` });
  });
});
