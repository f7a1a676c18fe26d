// Repositories whose layers are encrypted with a KMS key: pushed, pulled, withheld, and looked for on the disk.
import { createHash, randomBytes } from 'node:crypto';
import { open as openFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateRepositoryCommand,
  ECRClient,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
} from '@aws-sdk/client-ecr';
import * as kms from '@aws-sdk/client-kms';
import { type Digest, digestOf } from '@longshore/base';
import { openTestKms } from '@longshore/keys/testing';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  errorCode,
  openTestRegistry,
  pushBlob,
  pushImage,
  type TestRegistry,
  type TestRegistryOptions,
} from './testing/fixture.ts';

interface Clients {
  readonly ecr: ECRClient;
  readonly kms: kms.KMSClient;
}

function clientsOf(at: TestRegistry, as = at.account): Clients {
  const options = { endpoint: at.url, region: 'us-east-1', credentials: as.key, maxAttempts: 1 };
  return { ecr: new ECRClient(options), kms: new kms.KMSClient(options) };
}

async function everythingOnDisk(at: TestRegistry): Promise<Buffer> {
  const entries = await readdir(at.folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name)));
  return Buffer.concat(await Promise.all(files));
}

async function makeEncrypted(to: Clients, repositoryName: string, kmsKey?: string): Promise<string> {
  const encryptionConfiguration = { encryptionType: 'KMS' as const, ...(kmsKey !== undefined && { kmsKey }) };
  const { repository } = await to.ecr.send(new CreateRepositoryCommand({ repositoryName, encryptionConfiguration }));
  return repository?.encryptionConfiguration?.kmsKey ?? '';
}

async function newKey(to: Clients): Promise<string> {
  return (await to.kms.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
}

/** Text that would be found on a disk. */
const secret = Buffer.alloc(200_000, 'what the customer does not want read; ').toString();

describe.each(testStores())('encrypted repositories on $name', (backEnd) => {
  let at: TestRegistry;
  let clients: Clients;

  async function open(options: TestRegistryOptions = {}): Promise<void> {
    at = await openTestRegistry({ backEnd, ...options });
    clients = clientsOf(at);
  }
  beforeEach(() => open());
  afterEach(() => at.close());

  const blob = (name: string, digest: string, headers: Record<string, string> = {}) =>
    at.ask(`/v2/${name}/blobs/${digest}`, { headers });

  test('what is pushed is pulled, whole and in ranges, and nothing of it lies in clear on the disk', async () => {
    const key = await newKey(clients);
    expect(await makeEncrypted(clients, 'shop/safe', key)).toBe(key);
    const { digest } = await pushImage(at, 'shop/safe', '1', [secret]);
    expect((await at.ask('/v2/shop/safe/manifests/1')).headers.get('docker-content-digest')).toBe(digest);
    const layer = digestOf(secret);
    const head = await at.ask(`/v2/shop/safe/blobs/${layer}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(secret.length));
    expect(await (await blob('shop/safe', layer)).text()).toBe(secret);
    const part = await blob('shop/safe', layer, { range: 'bytes=65530-131080' });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe(secret.slice(65_530, 131_081));
    const parts = await (await blob('shop/safe', layer, { range: 'bytes=0-9,100000-100009' })).text();
    expect(parts).toContain(secret.slice(100_000, 100_010));
    expect((await everythingOnDisk(at)).includes('customer')).toBe(false);
    const row = await at.store.get<{ wrapped: Uint8Array }>(sql`SELECT wrapped FROM registry_sealed_blobs`);
    expect(row?.wrapped.length).toBeGreaterThan(60);
  });

  test('a layer that the caller can read elsewhere is sealed anew, under the same key or from the clear', async () => {
    const key = await newKey(clients);
    for (const name of ['shop/one', 'shop/two']) await makeEncrypted(clients, name, key);
    const bytes = randomBytes(300_000);
    for (const name of ['shop/clear', 'shop/one', 'shop/two']) await pushBlob(at, name, bytes);
    const rows = await at.store.all<{ stored: string }>(sql`SELECT DISTINCT stored FROM registry_repository_blobs`);
    expect(rows).toHaveLength(3);
    expect(await at.store.all(sql`SELECT stored FROM registry_sealed_blobs`)).toHaveLength(2);
  });

  test('an upload in pieces is sealed as it arrives, goes on after a restart, and takes a wrong digest badly', async () => {
    await makeEncrypted(clients, 'shop/pieces', await newKey(clients));
    const begun = await at.ask('/v2/shop/pieces/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    const patched = await at.ask(location, { method: 'PATCH', body: secret.slice(0, 100_000) });
    expect(patched.headers.get('range')).toBe('0-99999');
    expect((await everythingOnDisk(at)).includes('customer')).toBe(false);
    const tails = await at.store.all<{ tail: Uint8Array }>(sql`SELECT tail FROM registry_sealed_uploads`);
    expect(tails.map(({ tail }) => Buffer.from(tail).includes('customer'))).toEqual([false]);
    await at.registry.recover();
    expect((await at.ask(location)).headers.get('range')).toBe('0-99999');
    const wrongPlace = await at.ask(location, {
      method: 'PATCH',
      body: 'x',
      headers: { 'content-range': '5-5' },
    });
    expect(wrongPlace.status).toBe(416);
    await at.ask(location, {
      method: 'PATCH',
      body: secret.slice(100_000),
      headers: { 'content-range': '100000-199999' },
    });
    const digest = digestOf(secret);
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
    expect(await (await blob('shop/pieces', digest)).text()).toBe(secret);
    const again = await at.ask('/v2/shop/pieces/blobs/uploads/', { method: 'POST' });
    const wrong = await at.ask(`${again.headers.get('location')}?digest=${digest}`, { method: 'PUT', body: 'other' });
    expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'DIGEST_INVALID']);
    const whole = await at.ask(`/v2/shop/pieces/blobs/uploads/?digest=${digestOf('one')}`, {
      method: 'POST',
      body: 'one',
    });
    expect(whole.status).toBe(201);
    expect(await (await blob('shop/pieces', digestOf('one'))).text()).toBe('one');
    expect((await at.store.all(sql`SELECT upload FROM registry_sealed_uploads`)).length).toBe(0);
  });

  test('a disabled key closes the layers at once, says why, and an enabled one opens them again', async () => {
    const key = await newKey(clients);
    await makeEncrypted(clients, 'shop/closed', key);
    const digest = await pushBlob(at, 'shop/closed', secret);
    expect((await blob('shop/closed', digest)).status).toBe(200);
    await clients.kms.send(new kms.DisableKeyCommand({ KeyId: key }));
    const refused = await blob('shop/closed', digest);
    expect(refused.status).toBe(403);
    const { errors } = (await refused.json()) as { errors: { code: string; message: string }[] };
    expect(errors[0]?.code).toBe('DENIED');
    expect(errors[0]?.message).toContain('DisabledException');
    expect((await blob('shop/closed', digest, { range: 'bytes=0-0' })).status).toBe(403);
    const push = await at.ask('/v2/shop/closed/blobs/uploads/', { method: 'POST' });
    expect(push.status).toBe(403);
    const asked = { repositoryName: 'shop/closed' };
    await expect(clients.ecr.send(new InitiateLayerUploadCommand(asked))).rejects.toMatchObject({
      name: 'KmsException',
      kmsError: 'DisabledException',
    });
    await expect(
      clients.ecr.send(new GetDownloadUrlForLayerCommand({ ...asked, layerDigest: digest })),
    ).rejects.toMatchObject({ name: 'KmsException' });
    await clients.kms.send(new kms.EnableKeyCommand({ KeyId: key }));
    const { downloadUrl = '' } = await clients.ecr.send(
      new GetDownloadUrlForLayerCommand({ ...asked, layerDigest: digest }),
    );
    expect(await (await fetch(downloadUrl)).text()).toBe(secret);
    const Statement = [
      { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: at.account.id }, Action: 'kms:*', Resource: '*' },
    ];
    await clients.kms.send(
      new kms.PutKeyPolicyCommand({ KeyId: key, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    );
    expect((await fetch(downloadUrl)).status).toBe(403);
  });

  test('an upload under way stops when its key is disabled', async () => {
    const key = await newKey(clients);
    await makeEncrypted(clients, 'shop/midway', key);
    const begun = await at.ask('/v2/shop/midway/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    await at.ask(location, { method: 'PATCH', body: 'first' });
    await clients.kms.send(new kms.DisableKeyCommand({ KeyId: key }));
    expect((await at.ask(location, { method: 'PATCH', body: 'second' })).status).toBe(403);
    expect((await at.ask(`${location}?digest=${digestOf('first')}`, { method: 'PUT' })).status).toBe(403);
  });

  test('the same layer in clear, sealed with one key and with another: three blobs, and no mount between them', async () => {
    const [one, other] = [await newKey(clients), await newKey(clients)];
    await makeEncrypted(clients, 'mix/one', one);
    await makeEncrypted(clients, 'mix/one-too', one);
    await makeEncrypted(clients, 'mix/other', other);
    const digest = await pushBlob(at, 'mix/one', secret);
    const mount = (to: string, from: string) =>
      at.ask(`/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`, { method: 'POST' });
    expect((await mount('mix/other', 'mix/one')).status).toBe(202);
    expect((await mount('mix/plain', 'mix/one')).status).toBe(202);
    expect((await mount('mix/one-too', 'mix/one')).status).toBe(201);
    expect(await (await blob('mix/one-too', digest)).text()).toBe(secret);
    for (const name of ['mix/other', 'mix/plain']) {
      expect((await blob(name, digest)).status).toBe(404);
      await pushBlob(at, name, secret);
      expect(await (await blob(name, digest)).text()).toBe(secret);
    }
    expect((await mount('mix/one', 'mix/plain')).status).toBe(202);
    expect((await at.store.all(sql`SELECT digest FROM registry_blobs`)).length).toBe(3);
    await clients.kms.send(new kms.DisableKeyCommand({ KeyId: one }));
    const statuses = await Promise.all(
      ['mix/one', 'mix/one-too', 'mix/other', 'mix/plain'].map((name) => blob(name, digest)),
    );
    expect(statuses.map((each) => each.status)).toEqual([403, 403, 200, 200]);
  });

  test('another account cannot use the key, unless its policy says so', async () => {
    const key = await newKey(clients);
    const stranger = await at.addAccount('stranger');
    const theirs = clientsOf(at, stranger);
    await expect(makeEncrypted(theirs, 'their/app', key)).rejects.toMatchObject({ name: 'KmsException' });
    const Statement = [
      { Effect: 'Allow', Principal: { AWS: [at.account.id, stranger.id] }, Action: 'kms:*', Resource: '*' },
    ];
    await clients.kms.send(
      new kms.PutKeyPolicyCommand({ KeyId: key, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    );
    await makeEncrypted(theirs, 'their/app', key);
    const digest = await pushBlob(at, 'their/app', secret, stranger);
    expect((await at.ask(`/v2/their/app/blobs/${digest}`, { as: stranger })).status).toBe(200);
  });

  test('without a key of its own a repository gets its account’s; what is not there is refused', async () => {
    const [first, second] = [await makeEncrypted(clients, 'own/a'), await makeEncrypted(clients, 'own/b')];
    expect(first).toBe(second);
    const { KeyMetadata } = await clients.kms.send(new kms.DescribeKeyCommand({ KeyId: 'alias/aws/ecr' }));
    expect(KeyMetadata?.Arn).toBe(first);
    await pushBlob(at, 'own/a', 'bytes');
    const missing = '01234567-89ab-cdef-0123-456789abcdef';
    await expect(makeEncrypted(clients, 'own/c', missing)).rejects.toMatchObject({
      name: 'KmsException',
      kmsError: 'NotFoundException',
    });
  });

  test('after a rotation data keys are wrapped anew, and no byte of a layer is rewritten', async () => {
    const key = await newKey(clients);
    await makeEncrypted(clients, 'turn/app', key);
    const digest = await pushBlob(at, 'turn/app', secret);
    const wrapped = async () =>
      (await at.store.get<{ wrapped: Uint8Array; stored: Digest }>(
        sql`SELECT wrapped, stored FROM registry_sealed_blobs WHERE digest = ${digest}`,
      )) ?? { wrapped: new Uint8Array(), stored: '' };
    const before = await wrapped();
    const disk = createHash('sha256')
      .update(await everythingOnDisk(at))
      .digest('hex');
    await clients.kms.send(new kms.RotateKeyOnDemandCommand({ KeyId: key }));
    const now = Date.now() + 1000;
    expect(await at.registry.rewrap(now, 60_000)).toEqual({ rewrapped: 1, failures: [], more: false });
    const after = await wrapped();
    expect(Buffer.from(after.wrapped).readUInt32BE(17)).toBe(2);
    expect(after.stored).toBe(before.stored);
    expect(
      createHash('sha256')
        .update(await everythingOnDisk(at))
        .digest('hex'),
    ).toBe(disk);
    expect(await (await blob('turn/app', digest)).text()).toBe(secret);
    await clients.kms.send(new kms.DisableKeyCommand({ KeyId: key }));
    expect(await at.registry.rewrap(now, 60_000)).toMatchObject({ rewrapped: 0, failures: [{ key }] });
  });

  test('bytes altered on the disk are not served', async () => {
    await makeEncrypted(clients, 'hurt/app', await newKey(clients));
    const bytes = randomBytes(300_000);
    const digest = await pushBlob(at, 'hurt/app', Uint8Array.from(bytes));
    const row = await at.store.get<{ stored: Digest }>(sql`SELECT stored FROM registry_sealed_blobs`);
    const hex = (row?.stored ?? '').slice(7);
    const file = await openFile(join(at.folder, 'blobs', 'sha256', hex.slice(0, 2), hex), 'r+');
    await file.write(Buffer.of(1, 2, 3, 4), 0, 4, 100_000);
    await file.close();
    const first = await blob('hurt/app', digest, { range: 'bytes=0-65535' });
    expect(Buffer.from(await first.arrayBuffer()).equals(bytes.subarray(0, 65_536))).toBe(true);
    // Where nothing was sent yet it is an error of the server, else the answer breaks off.
    expect((await blob('hurt/app', digest, { range: 'bytes=70000-140000' })).status).toBe(500);
    const whole = (await blob('hurt/app', digest)).arrayBuffer();
    await expect(whole).rejects.toThrow(/terminated/);
  });

  test('a key that the customer’s own KMS holds: used there, and withheld there', async () => {
    await at.close();
    const customer = await openTestKms({ backEnd });
    const theirs = new kms.KMSClient({ endpoint: customer.url, region: 'us-east-1', credentials: customer.root.key });
    const { KeyMetadata } = await theirs.send(new kms.CreateKeyCommand({}));
    const key = KeyMetadata?.Arn ?? '';
    const accounts: string[] = [];
    const { accessKeyId, secretAccessKey } = customer.root.key;
    const keys = `arn:aws:kms:us-east-1:${customer.root.account}:`;
    await open({
      external: [
        { keys, endpoint: customer.url, accounts, accessKeyId, secretAccessKey, keepSeconds: 0, timeoutSeconds: 5 },
      ],
    });
    // Not yet among the accounts that may use it.
    await expect(makeEncrypted(clients, 'far/app', key)).rejects.toMatchObject({ kmsError: 'AccessDeniedException' });
    accounts.push(at.account.id);
    expect(await makeEncrypted(clients, 'far/app', key)).toBe(key);
    const digest = await pushBlob(at, 'far/app', secret);
    expect(await (await blob('far/app', digest)).text()).toBe(secret);
    await theirs.send(new kms.RotateKeyOnDemandCommand({ KeyId: key }));
    expect(await at.registry.rewrap(Date.now() + 1000, 60_000)).toMatchObject({ rewrapped: 1, failures: [] });
    expect((await blob('far/app', digest)).status).toBe(200);
    await theirs.send(new kms.DisableKeyCommand({ KeyId: key }));
    expect((await blob('far/app', digest)).status).toBe(403);
    theirs.destroy();
    await customer.close();
    expect((await blob('far/app', digest)).status).toBe(503);
  });

  test('collection keeps sealed layers that are linked and removes those that are not', async () => {
    await at.close();
    let now = Date.now();
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    await open({ clock, collection: { graceMs: 10_000, everyMs: 3_600_000 } });
    const collectKey = (await at.keys.dataKeys.ownKey(at.account.principal.account, 'ecr')) ?? '';
    expect(collectKey).toContain('arn:aws:kms');
    await at.store.write([
      {
        sql: sql`INSERT INTO registry_repositories (id, account, name, tag_mutability, settings, policy, tags, created_at, version)
          VALUES ('r', ${at.account.id}, 'keep/app', 'MUTABLE', ${JSON.stringify({ kmsKey: collectKey })}, ${null}, '[]', ${now}, 1)`,
      },
      { sql: sql`INSERT INTO registry_image_counts (repository, images) VALUES ('r', 0)` },
    ]);
    await pushImage(at, 'keep/app', '1', [secret]);
    const orphan = await pushBlob(at, 'keep/app', 'nobody names this');
    const stored = async () => (await at.store.all(sql`SELECT stored FROM registry_sealed_blobs`)).length;
    expect(await stored()).toBe(3);
    for (let round = 0; round < 6; round++) {
      now += 60_000;
      await at.registry.collect(60_000);
    }
    expect(await stored()).toBe(2);
    expect((await blob('keep/app', orphan)).status).toBe(404);
    expect(await (await blob('keep/app', digestOf(secret))).text()).toBe(secret);
  });
});
