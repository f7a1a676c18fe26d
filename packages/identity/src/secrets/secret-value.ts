// secretsmanager:GetSecretValue and PutSecretValue
import {
  GetSecretValue$,
  type GetSecretValueRequest,
  type GetSecretValueResponse,
  PutSecretValue$,
  type PutSecretValueRequest,
  type PutSecretValueResponse,
} from '@aws-sdk/client-secrets-manager';
import { sql } from '@longshore/store';
import { requireSecret, secretOperation, type SecretsCore, updateSecret } from './core.ts';
import { secretErrors } from './errors.ts';
import { readGivenValue, readVersionId } from './input.ts';
import { insertValue, readValue, secretArn, type SecretRow } from './secret.ts';

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';

/** The labels of each version that is kept. */
export function stagesOf(secret: SecretRow): Record<string, string[]> {
  return {
    ...(secret.previous_version !== null && { [secret.previous_version]: [previous] }),
    ...(secret.current_version !== null && { [secret.current_version]: [current] }),
  };
}

function wantedVersion(secret: SecretRow, input: GetSecretValueRequest): string {
  const { VersionId: id, VersionStage: stage } = input;
  const stages = stagesOf(secret);
  if (id !== undefined) {
    if (!stages[id] || (stage !== undefined && !stages[id].includes(stage))) throw secretErrors.noVersion(id);
    return id;
  }
  const found = Object.entries(stages).find(([, labels]) => labels.includes(stage ?? current))?.[0];
  if (found === undefined) throw secretErrors.noValue(stage ?? current);
  return found;
}

export function getSecretValue(core: SecretsCore) {
  return secretOperation<GetSecretValueRequest, GetSecretValueResponse>(core, {
    name: 'GetSecretValue',
    schema: GetSecretValue$,
    effect: 'read',
    async handle(input, call) {
      const secret = await requireSecret(core, core.store, input, call);
      const id = wantedVersion(secret, input);
      const value = await readValue(core.store, core.sealer, secret.id, id);
      if (!value) throw secretErrors.noVersion(id);
      return {
        ARN: secretArn(core.region, secret),
        Name: secret.name,
        VersionId: id,
        VersionStages: stagesOf(secret)[id] ?? [],
        CreatedDate: new Date(value.createdAt),
        ...(value.kind === 'string'
          ? { SecretString: Buffer.from(value.bytes).toString('utf8') }
          : { SecretBinary: value.bytes }),
      };
    },
  });
}

export function putSecretValue(core: SecretsCore) {
  return secretOperation<PutSecretValueRequest, PutSecretValueResponse>(core, {
    name: 'PutSecretValue',
    schema: PutSecretValue$,
    effect: 'write',
    async handle(input, call) {
      const value = readGivenValue(input);
      if (!value) throw secretErrors.invalid('You must provide either SecretString or SecretBinary.');
      const stages = input.VersionStages;
      if (stages && (stages.length !== 1 || stages[0] !== current)) {
        throw secretErrors.invalid(`A new value becomes ${current}; other staging labels are not available.`);
      }
      const id = readVersionId(input.ClientRequestToken);
      const secret = await core.store.update(async (view) => {
        const held = await requireSecret(core, view, input, call);
        const same = await readValue(view, core.sealer, held.id, id);
        if (same) {
          const equal = same.kind === value.kind && Buffer.from(same.bytes).equals(value.bytes);
          if (!equal || held.current_version !== id) throw secretErrors.versionExists();
          return { steps: [], result: held };
        }
        const change = { current_version: id, previous_version: held.current_version, changed_at: call.now };
        // What was previous has no label any more, and is of no use to anybody.
        const drop = held.previous_version;
        const steps = [
          updateSecret(held, change),
          insertValue(core.sealer, held.id, id, value, call.now),
          ...(drop === null
            ? []
            : [{ sql: sql`DELETE FROM secret_values WHERE secret = ${held.id} AND id = ${drop}` }]),
        ];
        return { steps, result: held };
      });
      return { ARN: secretArn(core.region, secret), Name: secret.name, VersionId: id, VersionStages: [current] };
    },
  });
}
