// Keys: found by id, ARN or alias, made, changed, and the material they are made of.
import { randomBytes } from 'node:crypto';
import type { AccessResource } from '@longshore/aws';
import { type AccountId, formatArn, newUuid, parseAccountId, parseArn } from '@longshore/base';
import { type Sql, type Step, sql, type View } from '@longshore/store';
import type { KeysCore } from './core.ts';
import { kmsErrors } from './errors.ts';

export interface KeyTag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export interface Key {
  readonly id: string;
  readonly account: AccountId;
  readonly arn: string;
  readonly description: string;
  readonly enabled: boolean;
  /** Milliseconds since the epoch; set while the key waits for its deletion. */
  readonly deletionAt: number | undefined;
  readonly deletionDays: number | undefined;
  readonly rotationDays: number | undefined;
  readonly nextRotation: number | undefined;
  readonly policy: string;
  readonly tags: readonly KeyTag[];
  /** The number of the material that seals. */
  readonly material: number;
  readonly createdAt: number;
  readonly version: number;
}

interface KeyRow {
  readonly id: string;
  readonly account: AccountId;
  readonly description: string;
  readonly enabled: number;
  readonly deletion_at: number | null;
  readonly deletion_days: number | null;
  readonly rotation_days: number | null;
  readonly next_rotation: number | null;
  readonly policy: string;
  readonly tags: string;
  readonly material: number;
  readonly created_at: number;
  readonly version: number;
}

const columns: Sql = sql`k.id, k.account, k.description, k.enabled, k.deletion_at, k.deletion_days, k.rotation_days,
  k.next_rotation, k.policy, k.tags, k.material, k.created_at, k.version`;

export function keyArn(region: string, account: AccountId, id: string): string {
  return formatArn({ service: 'kms', region, account, resource: `key/${id}` });
}

function toKey(core: Pick<KeysCore, 'region'>, row: KeyRow): Key {
  return {
    id: row.id,
    account: row.account,
    arn: keyArn(core.region, row.account, row.id),
    description: row.description,
    enabled: row.enabled === 1,
    deletionAt: row.deletion_at ?? undefined,
    deletionDays: row.deletion_days ?? undefined,
    rotationDays: row.rotation_days ?? undefined,
    nextRotation: row.next_rotation ?? undefined,
    policy: row.policy,
    tags: JSON.parse(row.tags) as KeyTag[],
    material: row.material,
    createdAt: row.created_at,
    version: row.version,
  };
}

/** What a caller wrote, taken apart. */
export interface KeyName {
  readonly account: AccountId;
  readonly kind: 'key' | 'alias';
  /** The key's id, or the alias with its `alias/`. */
  readonly name: string;
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const aliasPattern = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;

/** Key id, key ARN, alias name or alias ARN; without an ARN it is `account`'s. Throws InvalidArn- or NotFoundException. */
export function parseKeyName(core: Pick<KeysCore, 'region'>, account: AccountId, text: string): KeyName {
  if (!text.startsWith('arn:')) return nameIn(account, text);
  const arn = parseArn(text);
  const owner = parseAccountId(arn?.account ?? '');
  if (!arn || !owner || arn.service !== 'kms' || arn.partition !== 'aws') throw kmsErrors.invalidArn(text);
  if (arn.region !== core.region) throw kmsErrors.notFound(`Invalid arn ${arn.region}: the key`);
  return nameIn(owner, arn.resource.replace(/^key\//, ''));
}

function nameIn(account: AccountId, name: string): KeyName {
  if (idPattern.test(name)) return { account, kind: 'key', name };
  if (aliasPattern.test(name)) return { account, kind: 'alias', name };
  throw kmsErrors.notFound(`Invalid keyId '${name.slice(0, 300)}': the key`);
}

export async function findKey(core: KeysCore, { account, kind, name }: KeyName): Promise<Key | undefined> {
  const row = await core.store.get<KeyRow>(
    kind === 'key'
      ? sql`SELECT ${columns} FROM kms_keys k WHERE k.id = ${name} AND k.account = ${account}`
      : sql`SELECT ${columns} FROM kms_aliases a JOIN kms_keys k ON k.id = a.key_id
          WHERE a.account = ${account} AND a.name = ${name}`,
  );
  return row && toKey(core, row);
}

/** By its id alone, as a ciphertext names it. */
export async function findKeyById(core: KeysCore, id: string): Promise<Key | undefined> {
  const row = await core.store.get<KeyRow>(sql`SELECT ${columns} FROM kms_keys k WHERE k.id = ${id}`);
  return row && toKey(core, row);
}

/** By id, after `after`. */
export async function listKeys(core: KeysCore, account: AccountId, after: string, count: number): Promise<Key[]> {
  const rows = await core.store.all<KeyRow>(
    sql`SELECT ${columns} FROM kms_keys k WHERE k.account = ${account} AND k.id > ${after} ORDER BY k.id LIMIT ${count}`,
  );
  return rows.map((row) => toKey(core, row));
}

/**
 * The key as a resource for a caller of `caller`. Its own policy decides, as KMS has it; a key that is not there has none, and
 * allows nothing. Another account's alias stays the alias that was asked for: a refusal must not tell what it points to.
 */
export function keyResource(
  core: Pick<KeysCore, 'region' | 'policyOf'>,
  caller: AccountId,
  name: KeyName,
  key: Key | undefined,
): AccessResource {
  const resource = name.kind === 'key' ? `key/${name.name}` : name.name;
  const asked = formatArn({ service: 'kms', region: core.region, account: name.account, resource });
  return {
    arn: key && (name.kind === 'key' || caller === name.account) ? key.arn : asked,
    account: name.account,
    policyDecides: true,
    ...(key && { policy: core.policyOf(key.policy) }),
  };
}

export type MaterialKind = 'INITIAL' | 'AUTOMATIC' | 'ON_DEMAND';

function materialPurpose(keyId: string, material: number): string {
  return `kms-material:${keyId}:${material}`;
}

/** A step that adds fresh material; the key must point to it in the same write. */
export function addMaterial(core: KeysCore, keyId: string, material: number, kind: MaterialKind, now: number): Step {
  const sealed = core.sealer.seal(materialPurpose(keyId, material), randomBytes(32));
  return {
    sql: sql`INSERT INTO kms_materials (key_id, material, sealed, kind, created_at)
      VALUES (${keyId}, ${material}, ${sealed}, ${kind}, ${now})`,
    expect: 1,
  };
}

/** The material in clear; undefined if the key never had it. */
export async function openMaterial(core: KeysCore, key: Key, material = key.material): Promise<Uint8Array | undefined> {
  const row = await core.store.get<{ sealed: Uint8Array }>(
    sql`SELECT sealed FROM kms_materials WHERE key_id = ${key.id} AND material = ${material}`,
  );
  return row && core.sealer.open(materialPurpose(key.id, material), row.sealed);
}

const keysPerAccount = 10_000;

export interface NewKey {
  readonly description: string;
  readonly policy: string;
  readonly tags: readonly KeyTag[];
}

/** Throws LimitExceededException. */
export async function createKey(core: KeysCore, account: AccountId, wanted: NewKey): Promise<Key> {
  return core.store.update(async (view: View) => {
    const held = await view.get<{ n: number }>(
      sql`SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM kms_keys WHERE account = ${account} LIMIT ${keysPerAccount}) AS h`,
    );
    if ((held?.n ?? 0) >= keysPerAccount) throw kmsErrors.limit(`An account may have ${keysPerAccount} keys.`);
    const id = newUuid();
    const now = core.clock.now();
    const insert: Step = {
      sql: sql`INSERT INTO kms_keys (id, account, description, enabled, deletion_at, deletion_days, rotation_days,
          next_rotation, policy, tags, material, created_at, version)
        VALUES (${id}, ${account}, ${wanted.description}, 1, ${null}, ${null}, ${null}, ${null}, ${wanted.policy},
          ${JSON.stringify(wanted.tags)}, 1, ${now}, 1)`,
      expect: 1,
    };
    const key: Key = {
      id,
      account,
      arn: keyArn(core.region, account, id),
      ...wanted,
      enabled: true,
      deletionAt: undefined,
      deletionDays: undefined,
      rotationDays: undefined,
      nextRotation: undefined,
      material: 1,
      createdAt: now,
      version: 1,
    };
    return { steps: [insert, addMaterial(core, id, 1, 'INITIAL', now)], result: key };
  });
}

/** Changes columns of a key if nobody changed it since it was read, else plans again. */
export async function changeKey(
  core: KeysCore,
  id: string,
  plan: (key: Key) => { readonly set: Sql; readonly steps?: readonly Step[] },
): Promise<void> {
  await core.store.update(async (view) => {
    const row = await view.get<KeyRow>(sql`SELECT ${columns} FROM kms_keys k WHERE k.id = ${id}`);
    if (!row) throw kmsErrors.keyNotFound(id);
    const key = toKey(core, row);
    const { set, steps = [] } = plan(key);
    const change: Step = {
      sql: sql`UPDATE kms_keys SET ${set}, version = version + 1 WHERE id = ${id} AND version = ${key.version}`,
      expect: 1,
    };
    return { steps: [change, ...steps], result: undefined };
  });
}

/** Throws unless the key may be used to seal and open now. */
export function requireUsable(key: Key): void {
  if (key.deletionAt !== undefined) throw kmsErrors.pendingDeletion(key.arn);
  if (!key.enabled) throw kmsErrors.disabled(key.arn);
}
