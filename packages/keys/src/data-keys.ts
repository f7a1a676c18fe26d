// Data keys for other parts of Longshore: made, opened and wrapped anew under a customer's key. The part acts for an account,
// as its root; the key's policy decides, also here. Keys of this installation and of external ones look the same.
import { randomBytes } from 'node:crypto';
import { AwsError, type Principal } from '@longshore/aws';
import { type AccountId, newUuid } from '@longshore/base';
import { sql, type Step } from '@longshore/store';
import { defaultPolicy } from './api/policies.ts';
import { contextConditions } from './api/kms-operation.ts';
import type { EncryptionContext } from './ciphertext.ts';
import type { KeysCore } from './core.ts';
import { decryptWith, encryptWith } from './crypto.ts';
import { kmsErrors } from './errors.ts';
import { createKey, findKey, type Key, keyResource, parseKeyName } from './keys.ts';

/** Which key is used, for which account, and what the wrapped key is bound to. */
export interface KeyUse {
  readonly account: AccountId;
  /** An ARN, as `resolve` gave it. */
  readonly key: string;
  readonly context: EncryptionContext;
}

export interface OpenedKey {
  readonly plain: Uint8Array;
  /** How long it may be kept in memory; 0 if it must be asked for each time. Milliseconds. */
  readonly keepMs: number;
}

/** Everything throws an `AwsError` of KMS when the key is missing, withheld, disabled, deleted or not reachable. */
export interface DataKeys {
  /** The ARN of the key that `text` names (id, ARN, alias), which `account` may use. */
  resolve(account: AccountId, text: string): Promise<string>;
  /** The account's own key for `service`, made at first use, under the alias `alias/aws/SERVICE`. */
  ownKey(account: AccountId, service: string): Promise<string>;
  /** 32 fresh bytes, and the same wrapped. */
  generate(use: KeyUse): Promise<{ readonly plain: Uint8Array; readonly wrapped: Uint8Array }>;
  unwrap(use: KeyUse, wrapped: Uint8Array): Promise<OpenedKey>;
  /** Wrapped under the newest material of the same key; the key itself is not shown. */
  rewrap(use: KeyUse, wrapped: Uint8Array): Promise<Uint8Array>;
}

function rootOf(account: AccountId): Principal {
  return { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root' };
}

export function localDataKeys(core: KeysCore): DataKeys {
  async function allowed(account: AccountId, text: string, action: string, context: EncryptionContext): Promise<Key> {
    const name = parseKeyName(core, account, text);
    const key = await findKey(core, name);
    if (!key && name.account === account) throw kmsErrors.keyNotFound(text.slice(0, 300));
    const conditions = {
      ...contextConditions(context),
      'kms:CallerAccount': account,
      'kms:ViaService': `ecr.${core.region}.amazonaws.com`,
    };
    const refusal = await core.authorizer.refusal(
      rootOf(account),
      { action, resources: [keyResource(core, account, name, key)], context: conditions },
      { requestId: newUuid(), sourceIp: '127.0.0.1', baseUrl: '', userAgent: 'longshore', now: core.clock.now() },
    );
    if (refusal !== undefined || !key) throw new AwsError('AccessDeniedException', refusal ?? 'The key is not there.');
    return key;
  }

  async function ownKey(account: AccountId, service: string): Promise<string> {
    const name = `alias/aws/${service}`;
    const find = () => findKey(core, { account, kind: 'alias', name });
    const held = await find();
    if (held) return held.arn;
    const made = await createKey(core, account, {
      description: `Default key of ${service}`,
      policy: defaultPolicy(account),
      tags: [],
    });
    const now = core.clock.now();
    const alias: Step = {
      sql: sql`INSERT INTO kms_aliases (account, name, key_id, created_at, updated_at)
        VALUES (${account}, ${name}, ${made.id}, ${now}, ${now}) ON CONFLICT (account, name) DO NOTHING`,
    };
    await core.store.write([alias]);
    const winner = await find();
    if (winner?.id !== made.id) {
      // Another request was first: this key was never used.
      await core.store.write([
        { sql: sql`DELETE FROM kms_materials WHERE key_id = ${made.id}` },
        { sql: sql`DELETE FROM kms_keys WHERE id = ${made.id}` },
      ]);
    }
    return winner?.arn ?? made.arn;
  }

  return {
    resolve: async (account, text) => (await allowed(account, text, 'kms:DescribeKey', {})).arn,
    ownKey,
    async generate({ account, key: text, context }) {
      const key = await allowed(account, text, 'kms:GenerateDataKey', context);
      const plain = randomBytes(32);
      return { plain, wrapped: await encryptWith(core, key, plain, context) };
    },
    async unwrap({ account, key: text, context }, wrapped) {
      const key = await allowed(account, text, 'kms:Decrypt', context);
      // Nothing is kept: the key's state is read here each time, so a disabled key counts from the next request on.
      return { plain: await decryptWith(core, key, wrapped, context), keepMs: 0 };
    },
    async rewrap({ account, key: text, context }, wrapped) {
      await allowed(account, text, 'kms:ReEncryptFrom', context);
      const key = await allowed(account, text, 'kms:ReEncryptTo', context);
      return encryptWith(core, key, await decryptWith(core, key, wrapped, context), context);
    },
  };
}
