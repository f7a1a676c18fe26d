// secretsmanager:CreateSecret
import { CreateSecret$, type CreateSecretRequest, type CreateSecretResponse } from '@aws-sdk/client-secrets-manager';
import { operation } from '@longshore/aws';
import { formatArn, newHexId } from '@longshore/base';
import { sql } from '@longshore/store';
import type { SecretsCore } from './core.ts';
import { secretErrors } from './errors.ts';
import { checkDescription, mergeSecretTags, readGivenValue, readVersionId } from './input.ts';
import { checkSecretName, findSecret, insertValue, newSuffix, readValue, secretArn, type SecretRow } from './secret.ts';

const secretsPerAccount = 10_000;

/** To take these silently would promise what is not done. */
function refuseUnsupported(input: CreateSecretRequest): void {
  if (input.KmsKeyId !== undefined) {
    throw secretErrors.invalid('Secrets are sealed with the master key of the server; leave KmsKeyId out.');
  }
  if (input.AddReplicaRegions?.length)
    throw secretErrors.invalid('Replicas are not available; leave AddReplicaRegions out.');
  if (input.Type !== undefined)
    throw secretErrors.invalid('Managed external secrets are not available; leave Type out.');
}

export function createSecret(core: SecretsCore) {
  return operation<CreateSecretRequest, CreateSecretResponse>({
    name: 'CreateSecret',
    schema: CreateSecret$,
    effect: 'write',
    access(input, call) {
      const { account } = call.principal;
      const resource = `secret:${checkSecretName(input.Name)}-??????`;
      return {
        resources: [{ arn: formatArn({ service: 'secretsmanager', region: core.region, account, resource }), account }],
      };
    },
    async handle(input, call) {
      refuseUnsupported(input);
      const name = checkSecretName(input.Name);
      const { account } = call.principal;
      const value = readGivenValue(input);
      const versionId = readVersionId(input.ClientRequestToken);
      const made: SecretRow = {
        id: newHexId(),
        account,
        name,
        suffix: newSuffix(),
        description: checkDescription(input.Description),
        tags: JSON.stringify(mergeSecretTags([], input.Tags)),
        current_version: value ? versionId : null,
        previous_version: null,
        created_at: call.now,
        changed_at: call.now,
        deleted_at: null,
        purge_at: null,
        version: 1,
      };
      const secret = await core.store.update(async (view) => {
        const held = await findSecret(view, [{ account, name }]);
        if (held && held.deleted_at !== null) throw secretErrors.nameScheduled();
        if (held) {
          const same =
            value && held.current_version === versionId
              ? await readValue(view, core.sealer, held.id, versionId)
              : undefined;
          if (!value || !same || !Buffer.from(value.bytes).equals(same.bytes)) throw secretErrors.exists(name);
          return { steps: [], result: held };
        }
        const count = await view.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM secrets WHERE account = ${account}`);
        if ((count?.n ?? 0) >= secretsPerAccount) throw secretErrors.tooMany(secretsPerAccount);
        const insert = {
          sql: sql`INSERT INTO secrets (id, account, name, suffix, description, tags, current_version,
              previous_version, created_at, changed_at, deleted_at, purge_at, version)
            VALUES (${made.id}, ${account}, ${name}, ${made.suffix}, ${made.description}, ${made.tags},
              ${made.current_version}, ${null}, ${call.now}, ${call.now}, ${null}, ${null}, ${1})`,
          expect: 1,
        };
        const values = value ? [insertValue(core.sealer, made.id, versionId, value, call.now)] : [];
        return { steps: [insert, ...values], result: made };
      });
      return { ARN: secretArn(core.region, secret), Name: name, ...(value && { VersionId: versionId }) };
    },
  });
}
