// One secret as the store has it: its row, how it is found by name or ARN, and its values sealed and opened.
import { randomInt } from 'node:crypto';
import { type AccountId, formatArn, parseAccountId, parseArn } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import type { Sealer } from '../seal.ts';
import { UnsealError } from '../seal.ts';
import { secretErrors } from './errors.ts';

export interface SecretTag {
  readonly Key: string;
  readonly Value: string;
}

export interface SecretRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly suffix: string;
  readonly description: string | null;
  /** JSON of `SecretTag[]`. */
  readonly tags: string;
  readonly current_version: string | null;
  readonly previous_version: string | null;
  readonly created_at: number;
  readonly changed_at: number;
  readonly deleted_at: number | null;
  readonly purge_at: number | null;
  readonly version: number;
}

export interface SecretValue {
  readonly kind: 'string' | 'binary';
  readonly bytes: Uint8Array;
}

export interface StoredValue extends SecretValue {
  readonly id: string;
  readonly createdAt: number;
}

export const secretColumns = sql`id, account, name, suffix, description, tags, current_version, previous_version,
  created_at, changed_at, deleted_at, purge_at, version`;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function newSuffix(): string {
  return Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join('');
}

export function secretArn(region: string, secret: Pick<SecretRow, 'account' | 'name' | 'suffix'>): string {
  const account = secret.account as AccountId;
  return formatArn({ service: 'secretsmanager', region, account, resource: `secret:${secret.name}-${secret.suffix}` });
}

/** What `SecretId` means: a name, or the name and perhaps the suffix out of an ARN. */
export interface SecretRef {
  readonly account: AccountId;
  readonly name: string;
  /** The last part of an ARN may be the suffix, or of the name. */
  readonly suffix?: string;
}

const namePattern = /^[A-Za-z0-9/_+=.@-]{1,512}$/;

/** Throws InvalidParameterException. */
export function checkSecretName(name: string | undefined): string {
  if (name !== undefined && namePattern.test(name)) return name;
  throw secretErrors.invalid(
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
}

/** The secrets that a SecretId may mean, the likelier first. Throws InvalidParameterException. */
export function readSecretId(id: string | undefined, caller: AccountId, region: string): readonly SecretRef[] {
  if (!id?.startsWith('arn:')) return [{ account: caller, name: checkSecretName(id) }];
  const arn = parseArn(id);
  const named = arn?.service === 'secretsmanager' && arn.region === region ? /^secret:(.+)$/.exec(arn.resource) : null;
  const account = parseAccountId(arn?.account ?? '');
  if (!account || !named?.[1]) throw secretErrors.invalid('Invalid SecretId: it is not the ARN of a secret here.');
  const text = checkSecretName(named[1]);
  const parts = /^(.+)-([A-Za-z0-9]{6})$/.exec(text);
  const whole = { account, name: text };
  return parts?.[1] && parts[2] ? [{ account, name: parts[1], suffix: parts[2] }, whole] : [whole];
}

/** The first of `refs` that is there. */
export async function findSecret(view: View, refs: readonly SecretRef[]): Promise<SecretRow | undefined> {
  for (const { account, name, suffix } of refs) {
    const row = await view.get<SecretRow>(
      sql`SELECT ${secretColumns} FROM secrets WHERE account = ${account} AND name = ${name}`,
    );
    if (row && (suffix === undefined || suffix === row.suffix)) return row;
  }
  return undefined;
}

function purposeOf(secret: string, version: string): string {
  return `secret:${secret}:${version}`;
}

/** A step that stores a value. */
export function insertValue(sealer: Sealer, secret: string, id: string, value: SecretValue, now: number): Step {
  return {
    sql: sql`INSERT INTO secret_values (secret, id, kind, sealed, created_at)
      VALUES (${secret}, ${id}, ${value.kind}, ${sealer.seal(purposeOf(secret, id), value.bytes)}, ${now})`,
    expect: 1,
  };
}

/** Throws DecryptionFailure. */
export async function readValue(
  view: View,
  sealer: Sealer,
  secret: string,
  id: string,
): Promise<StoredValue | undefined> {
  const row = await view.get<{ kind: SecretValue['kind']; sealed: Uint8Array; created_at: number }>(
    sql`SELECT kind, sealed, created_at FROM secret_values WHERE secret = ${secret} AND id = ${id}`,
  );
  if (!row) return undefined;
  try {
    return { id, kind: row.kind, bytes: sealer.open(purposeOf(secret, id), row.sealed), createdAt: row.created_at };
  } catch (error) {
    if (error instanceof UnsealError) throw secretErrors.undecryptable();
    throw error;
  }
}
