// secretsmanager:DescribeSecret and ListSecrets
import {
  DescribeSecret$,
  type DescribeSecretRequest,
  type DescribeSecretResponse,
  ListSecrets$,
  type ListSecretsRequest,
  type ListSecretsResponse,
} from '@aws-sdk/client-secrets-manager';
import { operation } from '@longshore/aws';
import { sql, sqlAnd } from '@longshore/store';
import { requireSecret, secretOperation, type SecretsCore } from './core.ts';
import { secretErrors } from './errors.ts';
import { secretArn, secretColumns, type SecretRow, type SecretTag } from './secret.ts';
import { stagesOf } from './secret-value.ts';

function shape(core: SecretsCore, secret: SecretRow) {
  return {
    ARN: secretArn(core.region, secret),
    Name: secret.name,
    ...(secret.description !== null && { Description: secret.description }),
    CreatedDate: new Date(secret.created_at),
    LastChangedDate: new Date(secret.changed_at),
    ...(secret.deleted_at !== null && { DeletedDate: new Date(secret.deleted_at) }),
    Tags: JSON.parse(secret.tags) as SecretTag[],
    RotationEnabled: false,
  };
}

export function describeSecret(core: SecretsCore) {
  return secretOperation<DescribeSecretRequest, DescribeSecretResponse>(core, {
    name: 'DescribeSecret',
    schema: DescribeSecret$,
    effect: 'read',
    async handle(input, call) {
      const secret = await requireSecret(core, core.store, input, call, false);
      return { ...shape(core, secret), VersionIdsToStages: stagesOf(secret) };
    },
  });
}

function pageOf(input: ListSecretsRequest): { size: number; after: string } {
  const size = input.MaxResults ?? 100;
  if (!Number.isInteger(size) || size < 1 || size > 100) throw secretErrors.invalid('MaxResults must be 1 to 100.');
  if (input.NextToken === undefined) return { size, after: '' };
  const after = Buffer.from(input.NextToken.slice(0, 4096), 'base64url').toString('utf8');
  if (after === '' || Buffer.from(after, 'utf8').toString('base64url') !== input.NextToken) throw secretErrors.token();
  return { size, after };
}

/** The beginnings of names that the filter asks for. Throws InvalidParameterException for what is not available. */
function namePrefixes(input: ListSecretsRequest): readonly string[] | undefined {
  if (input.SortOrder === 'desc') throw secretErrors.invalid('Secrets are listed by name, ascending.');
  const [filter, ...more] = input.Filters ?? [];
  if (!filter) return undefined;
  const values = filter.Values ?? [];
  if (
    more.length > 0 ||
    filter.Key !== 'name' ||
    values.length < 1 ||
    values.length > 10 ||
    values.some((each) => each.length > 512)
  ) {
    throw secretErrors.invalid('Filters may hold one filter by name with 1 to 10 beginnings of names.');
  }
  return values;
}

export function listSecrets(core: SecretsCore) {
  return operation<ListSecretsRequest, ListSecretsResponse>({
    name: 'ListSecrets',
    schema: ListSecrets$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input, call) {
      const { size, after } = pageOf(input);
      const prefixes = namePrefixes(input);
      const conditions = [
        sql`account = ${call.principal.account}`,
        ...(input.IncludePlannedDeletion === true ? [] : [sql`deleted_at IS NULL`]),
      ];
      const shown: SecretRow[] = [];
      let cursor = after;
      // Filtered here: a LIKE would need escapes that the two databases do not share.
      for (let more = true; more && shown.length <= size; ) {
        const rows = await core.store.all<SecretRow>(
          sql`SELECT ${secretColumns} FROM secrets WHERE ${sqlAnd([...conditions, sql`name > ${cursor}`])}
            ORDER BY name LIMIT ${size + 1}`,
        );
        shown.push(...rows.filter((row) => !prefixes || prefixes.some((prefix) => row.name.startsWith(prefix))));
        cursor = rows.at(-1)?.name ?? cursor;
        more = rows.length > size;
      }
      const page = shown.slice(0, size);
      const last = shown.length > size ? page.at(-1) : undefined;
      return {
        SecretList: page.map((row) => ({ ...shape(core, row), SecretVersionsToStages: stagesOf(row) })),
        ...(last && { NextToken: Buffer.from(last.name, 'utf8').toString('base64url') }),
      };
    },
  });
}
