// The KMS API through the SDK that people use.
import * as kms from '@aws-sdk/client-kms';
import { type Clock, errorText, systemClock } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decrypt, encrypt, readHead } from './ciphertext.ts';
import { openTestKms, type TestCaller, type TestKms } from './testing.ts';

const text = (value: string) => new TextEncoder().encode(value);

function clientOf(at: TestKms, caller: TestCaller = at.root): kms.KMSClient {
  return new kms.KMSClient({ endpoint: at.url, region: 'us-east-1', credentials: caller.key, maxAttempts: 1 });
}

/** Allows an account everything on a key. */
function policyFor(...principals: string[]): string {
  const Statement = [{ Effect: 'Allow', Principal: { AWS: principals }, Action: 'kms:*', Resource: '*' }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

describe.each(testStores())('KMS on $name', (backEnd) => {
  let at: TestKms;
  let client: kms.KMSClient;
  let now = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + now };
  beforeEach(async () => {
    now = 0;
    at = await openTestKms({ backEnd, clock });
    client = clientOf(at);
  });
  afterEach(async () => {
    client.destroy();
    await at.close();
  });

  async function newKey(input: kms.CreateKeyCommandInput = {}): Promise<string> {
    return (await client.send(new kms.CreateKeyCommand(input))).KeyMetadata?.KeyId ?? '';
  }

  test('a key seals and opens, bound to its encryption context', async () => {
    const KeyId = await newKey({ Description: 'layers', Tags: [{ TagKey: 'team', TagValue: 'shop' }] });
    const context = { EncryptionContext: { app: 'web', stage: 'prod' } };
    const { CiphertextBlob } = await client.send(
      new kms.EncryptCommand({ KeyId, Plaintext: text('hello'), ...context }),
    );
    const opened = await client.send(
      new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: { stage: 'prod', app: 'web' } }),
    );
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('hello');
    expect(opened.KeyId).toBe(`arn:aws:kms:us-east-1:${at.root.account}:key/${KeyId}`);
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toThrow(
      kms.InvalidCiphertextException,
    );
    const other = await newKey();
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob, KeyId: other, ...context }))).rejects.toThrow(
      kms.IncorrectKeyException,
    );
    await expect(client.send(new kms.EncryptCommand({ KeyId, Plaintext: text(''), ...context }))).rejects.toThrow(
      /length/,
    );
    await expect(client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('x'), DryRun: true }))).rejects.toThrow(
      kms.DryRunOperationException,
    );
  });

  test('data keys, with and without their plaintext, and ReEncrypt to another key', async () => {
    const [from, to] = [await newKey(), await newKey()];
    const made = await client.send(new kms.GenerateDataKeyCommand({ KeyId: from, KeySpec: 'AES_256' }));
    expect(made.Plaintext).toHaveLength(32);
    const moved = await client.send(
      new kms.ReEncryptCommand({ CiphertextBlob: made.CiphertextBlob, DestinationKeyId: to }),
    );
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }));
    expect(opened.KeyId).toContain(to);
    expect(opened.Plaintext).toEqual(made.Plaintext);
    const blind = await client.send(new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId: from, NumberOfBytes: 64 }));
    const seen = await client.send(new kms.DecryptCommand({ CiphertextBlob: blind.CiphertextBlob }));
    expect(seen.Plaintext).toHaveLength(64);
    await expect(client.send(new kms.GenerateDataKeyCommand({ KeyId: from }))).rejects.toThrow(/number of bytes/);
    expect((await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 9 }))).Plaintext).toHaveLength(9);
  });

  test('a key that is disabled or awaits its deletion does nothing, and comes back', async () => {
    const KeyId = await newKey();
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('x') }));
    await client.send(new kms.DisableKeyCommand({ KeyId }));
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toThrow(kms.DisabledException);
    await client.send(new kms.EnableKeyCommand({ KeyId }));
    await client.send(new kms.DecryptCommand({ CiphertextBlob }));
    await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', Enabled: false });
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toThrow(kms.KMSInvalidStateException);
    await client.send(new kms.CancelKeyDeletionCommand({ KeyId }));
    await client.send(new kms.EnableKeyCommand({ KeyId }));
    await client.send(new kms.DecryptCommand({ CiphertextBlob }));
  });

  /** One round of the keeper, as its loop does it. */
  async function keep(ready: () => Promise<boolean>): Promise<void> {
    const [keeper] = at.keys.services;
    const running = keeper?.run();
    await expect.poll(ready, { timeout: 10_000 }).toBe(true);
    await keeper?.stop();
    await running;
  }

  test('a key whose deletion has come is gone, with all that it sealed', async () => {
    const KeyId = await newKey();
    await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: KeyId }));
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('x') }));
    await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    now = 8 * 86_400_000;
    const gone = async () => (await at.store.get(sql`SELECT 1 AS one FROM kms_keys WHERE id = ${KeyId}`)) === undefined;
    await keep(gone);
    now = 0;
    await expect(client.send(new kms.DescribeKeyCommand({ KeyId }))).rejects.toThrow(kms.NotFoundException);
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toThrow(
      kms.InvalidCiphertextException,
    );
    expect((await at.store.all(sql`SELECT 1 AS one FROM kms_materials`)).length).toBe(0);
  });

  test('after a rotation the old ciphertext opens, and new ones name the new material', async () => {
    const KeyId = await newKey();
    const before = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('old') }));
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }));
    const after = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('new') }));
    expect(readHead(before.CiphertextBlob ?? new Uint8Array()).material).toBe(1);
    expect(readHead(after.CiphertextBlob ?? new Uint8Array()).material).toBe(2);
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: before.CiphertextBlob }));
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('old');
    await client.send(new kms.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    const status = await client.send(new kms.GetKeyRotationStatusCommand({ KeyId }));
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    now = 91 * 86_400_000;
    const rotated = async () =>
      (await at.store.get<{ material: number }>(sql`SELECT material FROM kms_keys WHERE id = ${KeyId}`))?.material ===
      3;
    await keep(rotated);
    now = 0;
    const { Rotations } = await client.send(new kms.ListKeyRotationsCommand({ KeyId }));
    expect(Rotations?.map((each) => each.RotationType)).toEqual(['ON_DEMAND', 'AUTOMATIC']);
    await client.send(new kms.DisableKeyRotationCommand({ KeyId }));
    expect((await client.send(new kms.GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled).toBe(false);
  });

  test('aliases name keys, move and go', async () => {
    const [first, second] = [await newKey(), await newKey()];
    const AliasName = 'alias/shop/layers';
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: first }));
    await expect(client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: second }))).rejects.toThrow(
      kms.AlreadyExistsException,
    );
    await expect(
      client.send(new kms.CreateAliasCommand({ AliasName: 'alias/aws/ecr', TargetKeyId: first })),
    ).rejects.toThrow(kms.InvalidAliasNameException);
    expect((await client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.KeyId).toBe(first);
    await client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: second }));
    const { Aliases } = await client.send(new kms.ListAliasesCommand({ KeyId: second }));
    expect(Aliases).toMatchObject([{ AliasName, TargetKeyId: second }]);
    await client.send(new kms.DeleteAliasCommand({ AliasName }));
    await expect(client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))).rejects.toThrow(kms.NotFoundException);
  });

  test('keys, tags and descriptions are listed a page at a time and changed', async () => {
    const made = [await newKey(), await newKey(), await newKey()].sort();
    const seen: string[] = [];
    for await (const page of kms.paginateListKeys({ client, pageSize: 2 }, {})) {
      seen.push(...(page.Keys ?? []).map((each) => each.KeyId ?? ''));
    }
    expect(seen).toEqual(made);
    const [KeyId = ''] = made;
    await client.send(
      new kms.TagResourceCommand({
        KeyId,
        Tags: [
          { TagKey: 'a', TagValue: '1' },
          { TagKey: 'b', TagValue: '2' },
        ],
      }),
    );
    await client.send(new kms.UntagResourceCommand({ KeyId, TagKeys: ['a'] }));
    expect((await client.send(new kms.ListResourceTagsCommand({ KeyId }))).Tags).toEqual([
      { TagKey: 'b', TagValue: '2' },
    ]);
    await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: 'other' }));
    expect((await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata?.Description).toBe('other');
    await expect(
      client.send(new kms.CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })),
    ).rejects.toThrow(kms.UnsupportedOperationException);
  });

  test('the key policy decides: for users, for root, and for other accounts', async () => {
    const KeyId = await newKey();
    const arn = `arn:aws:kms:us-east-1:${at.root.account}:key/${KeyId}`;
    const user = await at.addUser('ci', ['kms:Encrypt']);
    const stranger = await at.addAccount('stranger');
    const [asUser, asStranger] = [clientOf(at, user), clientOf(at, stranger)];
    const encryptAs = (as: kms.KMSClient) => as.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: text('x') }));
    await encryptAs(asUser);
    await expect(asUser.send(new kms.DescribeKeyCommand({ KeyId: arn }))).rejects.toThrow(/not authorized/);
    const refused = await encryptAs(asStranger).then(() => '', errorText);
    const missing = arn.replace(/[0-9a-f]{12}$/, '000000000000');
    const absent = await asStranger
      .send(new kms.EncryptCommand({ KeyId: missing, Plaintext: text('x') }))
      .then(() => '', errorText);
    expect(absent.replace(missing, arn)).toBe(refused);
    const put = (Policy: string, bypass = false) =>
      client.send(new kms.PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck: bypass }));
    await put(policyFor(at.root.account, stranger.account));
    await encryptAs(asStranger);
    await expect(asStranger.send(new kms.GetKeyPolicyCommand({ KeyId: arn }))).rejects.toThrow(kms.NotFoundException);
    await expect(put(policyFor(stranger.account))).rejects.toThrow(kms.MalformedPolicyDocumentException);
    await put(policyFor(stranger.account), true);
    // Now not even the owner's root may use it.
    await expect(encryptAs(client)).rejects.toThrow(/not authorized/);
    await encryptAs(asStranger);
    for (const each of [asUser, asStranger]) each.destroy();
  });

  test('key material is nowhere in the store in clear', async () => {
    const KeyId = await newKey();
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: text('secret') }));
    const rows = await at.store.all<{ sealed: Uint8Array }>(
      sql`SELECT sealed FROM kms_materials WHERE key_id = ${KeyId}`,
    );
    expect(rows).toHaveLength(1);
    for (const { sealed } of rows) {
      for (let at32 = 0; at32 + 32 <= sealed.length; at32++) {
        expect(() => decrypt(sealed.subarray(at32, at32 + 32), CiphertextBlob ?? new Uint8Array(), {})).toThrow(
          'does not open',
        );
      }
    }
  });
});

describe('ciphertexts', () => {
  const head = { keyId: '01234567-89ab-cdef-0123-456789abcdef', material: 7 };
  const key = new Uint8Array(32).fill(9);

  test('open with the same key and context, whatever the order of its pairs', () => {
    const context = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 5 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), context, (plain, given) => {
        const turned = Object.fromEntries(Object.entries(given).toReversed());
        const blob = encrypt(head, key, plain, given);
        expect(readHead(blob)).toEqual(head);
        expect(Buffer.from(decrypt(key, blob, turned)).equals(Buffer.from(plain))).toBe(true);
      }),
    );
  });

  test('do not open with any bit changed, cut off, or another context', () => {
    const blob = encrypt(head, key, text('plain'), { a: 'b' });
    fc.assert(
      fc.property(fc.nat({ max: blob.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const forged = Buffer.from(blob);
        forged[at] = (forged[at] ?? 0) ^ (1 << bit);
        expect(() => decrypt(key, forged, { a: 'b' })).toThrow('does not open');
        expect(() => decrypt(key, blob.subarray(0, at), { a: 'b' })).toThrow('does not open');
      }),
    );
    for (const context of [{}, { a: 'c' }, { a: 'b', c: '' }]) {
      expect(() => decrypt(key, blob, context)).toThrow('does not open');
    }
  });
});
