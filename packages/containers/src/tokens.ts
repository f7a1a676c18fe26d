// Idempotency tokens: a client that repeats a call with its token gets the first call's result, for as long as it is kept.
import { createHash } from 'node:crypto';
import { type Step, sql, type View } from '@longshore/store';
import { ecsErrors, invalidParameter } from './errors.ts';

/** Checks a clientToken: up to `max` characters of ASCII 33–126. */
export function readToken(token: string | undefined, max: number): string | undefined {
  if (token === undefined || token === '') return undefined;
  if (token.length > max || !/^[\x21-\x7e]+$/.test(token))
    throw invalidParameter(`clientToken must be up to ${max} characters of ASCII 33 to 126.`);
  return token;
}

/** A digest of the parameters, whatever the order of their members. */
export function parametersDigest(parameters: unknown): string {
  const sorted = JSON.stringify(parameters, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}

/** The ARNs that the first call gave; undefined if there was none. Throws ConflictException if its parameters differed. */
export async function findTokenResult(
  view: View,
  scope: string,
  digest: string,
  now: number,
): Promise<readonly string[] | undefined> {
  const row = await view.get<{ fingerprint: string; result: string }>(
    sql`SELECT fingerprint, result FROM ecs_tokens WHERE scope = ${scope} AND expires_at > ${now}`,
  );
  if (row === undefined) return undefined;
  const arns = JSON.parse(row.result) as string[];
  if (row.fingerprint !== digest) throw ecsErrors.tokenConflict(arns);
  return arns;
}

/** Two who use one token at once: the second's insert conflicts, it plans again and finds the first's result. */
export function keepTokenSteps(
  scope: string,
  digest: string,
  arns: readonly string[],
  now: number,
  expiresAt: number,
): Step[] {
  return [
    { sql: sql`DELETE FROM ecs_tokens WHERE scope = ${scope} AND expires_at <= ${now}` },
    {
      sql: sql`INSERT INTO ecs_tokens (scope, fingerprint, result, expires_at)
        VALUES (${scope}, ${digest}, ${JSON.stringify(arns)}, ${expiresAt})`,
      expect: 1,
    },
  ];
}
