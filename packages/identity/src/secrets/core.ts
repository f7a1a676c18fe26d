// What the operations on secrets share: whom a call is about, and how a change is written.
import { type AccessRequest, type AnyOperation, type CallContext, operation, type Operation } from '@longshore/aws';
import { formatArn } from '@longshore/base';
import { type Step, sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { secretErrors } from './errors.ts';
import { findSecret, readSecretId, secretArn, type SecretRow } from './secret.ts';

export interface SecretsCore extends Pick<IdentityCore, 'store' | 'clock' | 'sealer'> {
  readonly region: string;
}

interface NamesSecret {
  readonly SecretId?: string | undefined;
}

/** The secret's ARN, or for one that is not there the ARN that it could have: refusals say the same. */
async function accessTo(core: SecretsCore, input: NamesSecret, call: CallContext): Promise<AccessRequest> {
  const refs = readSecretId(input.SecretId, call.principal.account, core.region);
  const [first] = refs;
  const found = await findSecret(core.store, refs);
  const account = first?.account ?? call.principal.account;
  const resource = `secret:${first?.name ?? ''}-${first?.suffix ?? '??????'}`;
  const arn = found
    ? secretArn(core.region, found)
    : formatArn({ service: 'secretsmanager', region: core.region, account, resource });
  return { resources: [{ arn, account }] };
}

/** An operation on the one secret that its input names. */
export function secretOperation<I extends NamesSecret, O>(
  core: SecretsCore,
  definition: Pick<Operation<I, O>, 'name' | 'schema' | 'effect' | 'handle'>,
): AnyOperation {
  return operation<I, O>({ ...definition, access: (input, call) => accessTo(core, input, call) });
}

/** Throws ResourceNotFoundException; with `alive`, InvalidRequestException for one that is to be deleted. */
export async function requireSecret(
  core: SecretsCore,
  view: Parameters<typeof findSecret>[0],
  input: NamesSecret,
  call: CallContext,
  alive = true,
): Promise<SecretRow> {
  const secret = await findSecret(view, readSecretId(input.SecretId, call.principal.account, core.region));
  if (!secret) throw secretErrors.unknown();
  if (alive && secret.deleted_at !== null) throw secretErrors.scheduled();
  return secret;
}

/** Writes what changed of a secret's row; fails with a conflict if another change came between. */
export function updateSecret(secret: SecretRow, change: Partial<SecretRow>): Step {
  const next = { ...secret, ...change };
  return {
    sql: sql`UPDATE secrets SET description = ${next.description}, tags = ${next.tags},
      current_version = ${next.current_version}, previous_version = ${next.previous_version},
      changed_at = ${next.changed_at}, deleted_at = ${next.deleted_at}, purge_at = ${next.purge_at},
      version = ${secret.version + 1} WHERE id = ${secret.id} AND version = ${secret.version}`,
    expect: 1,
  };
}

/** Removes a secret with its values. */
export function removeSteps(secret: Pick<SecretRow, 'id' | 'version'>): Step[] {
  return [
    { sql: sql`DELETE FROM secret_values WHERE secret = ${secret.id}` },
    { sql: sql`DELETE FROM secrets WHERE id = ${secret.id} AND version = ${secret.version}`, expect: 1 },
  ];
}
