// Secrets over both databases: versions, deletion with its window, tags, tenants apart, and nothing readable in the store.
import { AwsError } from '@longshore/aws';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { invoke } from '../api/testing.ts';
import { rootPrincipal } from '../principals.ts';
import { identityMigrations } from '../schema.ts';
import { testClock, testIdentity } from '../testing.ts';

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
  throw new Error('it did not fail');
}

describe.each([...testStores()])('secrets on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const clock = testClock();
    const identity = testIdentity(opened.store, clock);
    const { account } = await identity.bootstrap();
    const other = await identity.createAccount('other');
    const root = rootPrincipal(account.id);
    const call = (name: string, input: object = {}, principal = root) =>
      invoke(identity, identity.secrets, principal, name, input);
    return { identity, store: opened.store, call, account: account.id, other: rootPrincipal(other.account.id) };
  }

  it('keeps a value, found by name and by ARN, and its predecessor', async () => {
    const { call, identity, account } = await open();
    const made = await call('CreateSecret', { Name: 'team/hub', SecretString: 'one', Description: 'hub' });
    const arn = String(made.ARN);
    expect(arn).toMatch(new RegExp(`^arn:aws:secretsmanager:us-east-1:${account}:secret:team/hub-[A-Za-z0-9]{6}$`));
    expect(await call('GetSecretValue', { SecretId: arn })).toMatchObject({
      Name: 'team/hub',
      SecretString: 'one',
      VersionId: made.VersionId,
      VersionStages: ['AWSCURRENT'],
    });
    const put = await call('PutSecretValue', { SecretId: 'team/hub', SecretString: 'two' });
    expect(await call('GetSecretValue', { SecretId: 'team/hub' })).toMatchObject({ SecretString: 'two' });
    const before = { SecretId: 'team/hub', VersionStage: 'AWSPREVIOUS' };
    expect(await call('GetSecretValue', before)).toMatchObject({ SecretString: 'one', VersionId: made.VersionId });
    expect(await call('DescribeSecret', { SecretId: arn })).toMatchObject({
      Description: 'hub',
      VersionIdsToStages: { [String(put.VersionId)]: ['AWSCURRENT'], [String(made.VersionId)]: ['AWSPREVIOUS'] },
    });
    await call('PutSecretValue', { SecretId: 'team/hub', SecretBinary: Buffer.from([0, 255]) });
    expect((await call('GetSecretValue', { SecretId: 'team/hub' })).SecretBinary).toEqual(Buffer.from([0, 255]));
    expect(await code(call('GetSecretValue', { SecretId: arn, VersionId: made.VersionId }))).toBe(
      'ResourceNotFoundException',
    );
    expect(await identity.readSecret(account, arn)).toBeUndefined();
    await call('PutSecretValue', { SecretId: 'team/hub', SecretString: 'text' });
    expect(await identity.readSecret(account, arn)).toBe('text');
  });

  it('takes a repeated call for the same call, and another value under its token for another', async () => {
    const { call } = await open();
    const ClientRequestToken = 'a'.repeat(36);
    const made = await call('CreateSecret', { Name: 'x', SecretString: 'one', ClientRequestToken });
    expect(await call('CreateSecret', { Name: 'x', SecretString: 'one', ClientRequestToken })).toEqual(made);
    expect(await code(call('CreateSecret', { Name: 'x', SecretString: 'two', ClientRequestToken }))).toBe(
      'ResourceExistsException',
    );
    expect(await call('PutSecretValue', { SecretId: 'x', SecretString: 'one', ClientRequestToken })).toMatchObject({
      VersionId: ClientRequestToken,
    });
    expect(await code(call('PutSecretValue', { SecretId: 'x', SecretString: 'two', ClientRequestToken }))).toBe(
      'ResourceExistsException',
    );
  });

  it('deletes after a window, or at once, and restores in between', async () => {
    const { call, identity, store } = await open();
    await call('CreateSecret', { Name: 'x', SecretString: 'one' });
    const deleted = await call('DeleteSecret', { SecretId: 'x', RecoveryWindowInDays: 7 });
    expect(deleted.DeletionDate).toEqual(new Date(7 * 86_400_000));
    expect(await code(call('GetSecretValue', { SecretId: 'x' }))).toBe('InvalidRequestException');
    expect(await code(call('CreateSecret', { Name: 'x', SecretString: 'one' }))).toBe('InvalidRequestException');
    expect((await call('ListSecrets')).SecretList).toEqual([]);
    expect((await call('ListSecrets', { IncludePlannedDeletion: true })).SecretList).toHaveLength(1);
    await call('RestoreSecret', { SecretId: 'x' });
    expect(await call('GetSecretValue', { SecretId: 'x' })).toMatchObject({ SecretString: 'one' });
    await call('DeleteSecret', { SecretId: 'x' });
    const purge = identity.services.find((each) => each.id === 'identity/secret-purge');
    const running = purge?.run();
    await expect
      .poll(async () => (await store.all(sql`SELECT id FROM secret_values`)).length, { interval: 20 })
      .toBe(0);
    await purge?.stop();
    await running;
    await call('CreateSecret', { Name: 'x', SecretString: 'again' });
    await call('DeleteSecret', { SecretId: 'x', ForceDeleteWithoutRecovery: true });
    expect(await code(call('DescribeSecret', { SecretId: 'x' }))).toBe('ResourceNotFoundException');
  });

  it('lists by pages and beginnings of names, and tags', async () => {
    const { call } = await open();
    for (const Name of ['a/1', 'a/2', 'b/1', 'b/2', 'c']) await call('CreateSecret', { Name });
    const names = (page: Record<string, unknown>) => (page.SecretList as { Name: string }[]).map((each) => each.Name);
    const first = await call('ListSecrets', { MaxResults: 2 });
    expect(names(first)).toEqual(['a/1', 'a/2']);
    const second = await call('ListSecrets', { MaxResults: 3, NextToken: first.NextToken });
    expect([names(second), second.NextToken]).toEqual([['b/1', 'b/2', 'c'], undefined]);
    const Filters = [{ Key: 'name', Values: ['b/', 'c'] }];
    expect(names(await call('ListSecrets', { Filters, MaxResults: 2 }))).toEqual(['b/1', 'b/2']);
    expect(await code(call('ListSecrets', { NextToken: '!' }))).toBe('InvalidNextTokenException');
    await call('TagResource', {
      SecretId: 'c',
      Tags: [
        { Key: 'k', Value: 'v' },
        { Key: 'l', Value: '' },
      ],
    });
    await call('UntagResource', { SecretId: 'c', TagKeys: ['l'] });
    expect((await call('DescribeSecret', { SecretId: 'c' })).Tags).toEqual([{ Key: 'k', Value: 'v' }]);
  });

  it('shows no secret to another account, and none in the store', async () => {
    const { call, other, identity, store } = await open();
    const { ARN } = await call('CreateSecret', { Name: 'x', SecretString: 'a-very-secret-word' });
    expect(await code(call('GetSecretValue', { SecretId: ARN }, other))).toBe('AccessDenied');
    expect(await code(call('GetSecretValue', { SecretId: 'x' }, other))).toBe('ResourceNotFoundException');
    expect(await identity.readSecret(other.account, String(ARN))).toBeUndefined();
    const [row] = await store.all<{ sealed: Uint8Array }>(sql`SELECT sealed FROM secret_values`);
    expect(Buffer.from(row?.sealed ?? []).includes('a-very-secret-word')).toBe(false);
  });

  it.each([
    ['CreateSecret', { Name: 'bad name', SecretString: 'x' }],
    ['CreateSecret', { Name: 'x', SecretString: '' }],
    ['CreateSecret', { Name: 'x', SecretString: 'x'.repeat(65_537) }],
    ['CreateSecret', { Name: 'x', SecretString: 'x', SecretBinary: Buffer.from('x') }],
    ['CreateSecret', { Name: 'x', KmsKeyId: 'alias/mine' }],
    ['CreateSecret', { Name: 'x', Tags: [{ Key: 'aws:x', Value: '' }] }],
    ['PutSecretValue', { SecretId: 'x' }],
    ['PutSecretValue', { SecretId: 'x', SecretString: 'x', VersionStages: ['MINE'] }],
    ['DeleteSecret', { SecretId: 'x', RecoveryWindowInDays: 1 }],
    ['DeleteSecret', { SecretId: 'x', RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }],
    ['GetSecretValue', { SecretId: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-abcdef' }],
    ['ListSecrets', { MaxResults: 101 }],
    ['ListSecrets', { Filters: [{ Key: 'all', Values: ['x'] }] }],
  ])('refuses %s, case %#', async (name, input) => {
    const { call } = await open();
    expect(await code(call(name, input))).toBe('InvalidParameterException');
  });
});
