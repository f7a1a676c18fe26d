import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { invoke } from './api/testing.ts';
import { rootPrincipal } from './principals.ts';
import { identityMigrations } from './schema.ts';
import { testClock, testIdentity } from './testing.ts';

describe.each([...testStores()])('accounts on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const clock = testClock();
    return { store: opened.store, clock, replica: () => testIdentity(opened.store, clock) };
  }

  it('makes one account for all replicas that start at once', async () => {
    const { replica } = await open();
    const starts = await Promise.all(Array.from({ length: 6 }, () => replica().bootstrap()));
    expect(starts.filter((start) => start.created)).toHaveLength(1);
    expect(new Set(starts.map((start) => start.account.id)).size).toBe(1);
    expect(new Set(starts.map((start) => start.rootKey.secretAccessKey)).size).toBe(1);
    expect(await replica().listAccounts()).toHaveLength(1);
  });

  it('gives the same root key at every start', async () => {
    const { replica } = await open();
    const first = await replica().bootstrap();
    expect(await replica().bootstrap()).toEqual({ ...first, created: false });
    expect(first.account.id).toMatch(/^[1-9][0-9]{11}$/);
    expect(first.rootKey.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(first.rootKey.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  });

  it('takes a preset root key at the first start only', async () => {
    const { replica } = await open();
    const presetKey = { accessKeyId: 'AKIAPRESETPRESETPRES', secretAccessKey: 'a'.repeat(40) };
    expect((await replica().bootstrap({ presetKey })).rootKey).toEqual(presetKey);
    const other = { accessKeyId: 'AKIAOTHEROTHEROTHERO', secretAccessKey: 'b'.repeat(40) };
    expect((await replica().bootstrap({ presetKey: other })).rootKey).toEqual(presetKey);
  });

  it('refuses a malformed preset and keeps nothing', async () => {
    const { replica } = await open();
    const presetKey = { accessKeyId: 'short', secretAccessKey: 'a'.repeat(40) };
    await expect(replica().bootstrap({ presetKey })).rejects.toThrow('The preset access key id is malformed.');
    expect(await replica().listAccounts()).toEqual([]);
  });

  it('says so when the master key is another', async () => {
    const { store, clock, replica } = await open();
    await replica().bootstrap();
    const wrong = testIdentity(store, clock, new Uint8Array(32).fill(8));
    await expect(wrong.bootstrap()).rejects.toThrow('the master key is not the one it was sealed with');
  });

  it('keeps no secret in the clear', async () => {
    const { store, replica } = await open();
    const { rootKey } = await replica().bootstrap();
    const rows = await store.all<{ sealed: Uint8Array }>(
      sql`SELECT sealed FROM iam_access_keys UNION ALL SELECT sealed FROM iam_secrets`,
    );
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(Buffer.from(row.sealed).includes(rootKey.secretAccessKey)).toBe(false);
  });

  it('makes further accounts with keys of their own', async () => {
    const { replica } = await open();
    const identity = replica();
    const main = await identity.bootstrap();
    const { account, rootKey } = await identity.createAccount('build');
    expect((await identity.credentials.find(rootKey.accessKeyId))?.principal).toEqual({
      account: account.id,
      arn: `arn:aws:iam::${account.id}:root`,
      userId: account.id,
      kind: 'root',
    });
    expect((await identity.listAccounts()).map((each) => each.id).sort()).toEqual([main.account.id, account.id].sort());
    await expect(identity.createAccount(' ')).rejects.toThrow('The account name is malformed.');
  });
});

describe.each([...testStores()])('service users on $name', (backEnd) => {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow' as const, Action: 'ecs:Poll', Resource: '*' }],
  };

  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const clock = testClock();
    const replica = () => testIdentity(opened.store, clock);
    const { account } = await replica().bootstrap();
    return { replica, account: account.id };
  }

  it('are made once, with the same key ever after, also under races', async () => {
    const { replica, account } = await open();
    const keys = await Promise.all([1, 2, 3].map(() => replica().ensureServiceUser(account, 'agent', policy)));
    expect(new Set(keys.map((key) => key.accessKeyId)).size).toBe(1);
    expect(await replica().ensureServiceUser(account, 'agent', policy)).toEqual(keys[0]);
  });

  it("never take over a person's user, and come back when their key was removed", async () => {
    const { replica, account } = await open();
    const identity = replica();
    const iam = (name: string, input: object) => invoke(identity, identity.iam, rootPrincipal(account), name, input);
    await iam('CreateUser', { UserName: 'Agent' });
    await expect(identity.ensureServiceUser(account, 'agent', policy)).rejects.toThrow('belongs to another user');
    const first = await identity.ensureServiceUser(account, 'other', policy);
    await iam('DeleteAccessKey', { UserName: 'other', AccessKeyId: first.accessKeyId });
    const second = await identity.ensureServiceUser(account, 'other', policy);
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(await identity.credentials.find(second.accessKeyId)).toMatchObject({ active: true });
  });

  it('may do what their policy says, and a changed policy takes effect at once', async () => {
    const { replica, account } = await open();
    const identity = replica();
    const key = await identity.ensureServiceUser(account, 'agent', policy);
    const principal = (await identity.credentials.find(key.accessKeyId))?.principal;
    if (!principal) throw new Error('no such key');
    expect(principal.arn).toBe(`arn:aws:iam::${account}:user/longshore/agent`);
    const may = (action: string) =>
      identity.authorizer.refusal(principal, { action, resources: [{ arn: '*', account }] }, requestContext);
    expect(await may('ecs:Poll')).toBeUndefined();
    expect(await may('ecs:RunTask')).toContain('because no identity-based policy allows the ecs:RunTask action');
    const statement = { Effect: 'Allow' as const, Action: 'ecs:RunTask', Resource: '*' };
    await identity.ensureServiceUser(account, 'agent', { ...policy, Statement: [statement] });
    expect(await may('ecs:Poll')).toContain('is not authorized to perform: ecs:Poll on resource: *');
    expect(await may('ecs:RunTask')).toBeUndefined();
  });
});

const requestContext = {
  requestId: 'r',
  sourceIp: '127.0.0.1',
  baseUrl: 'http://127.0.0.1:7077',
  userAgent: 'test',
  now: 0,
};
