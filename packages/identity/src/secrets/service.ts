// Secrets: a small Secrets Manager. What other parts of the program keep for others (passwords of upstream registries)
// lives here, sealed by the master key; a part reads one by its ARN within the account that owns it.
import { type AwsService, awsService } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import type { SecretReader } from '../types.ts';
import type { SecretsCore } from './core.ts';
import { createSecret } from './create-secret.ts';
import { deleteSecret, restoreSecret } from './delete-secret.ts';
import { describeSecret, listSecrets } from './describe-secrets.ts';
import { findSecret, readSecretId, readValue } from './secret.ts';
import { getSecretValue, putSecretValue } from './secret-value.ts';
import { tagSecret, untagSecret } from './tag-secret.ts';

export function secretsService(core: SecretsCore): AwsService {
  const operations = [
    createSecret,
    getSecretValue,
    putSecretValue,
    describeSecret,
    listSecrets,
    deleteSecret,
    restoreSecret,
    tagSecret,
    untagSecret,
  ];
  return awsService({
    name: 'secretsmanager',
    protocol: 'json-1.1',
    targetPrefix: 'secretsmanager',
    operations: operations.map((make) => make(core)),
  });
}

/** Reads a secret's current text by ARN for a part of the program. */
export function secretReader(core: SecretsCore): SecretReader {
  return async (account: AccountId, arn: string) => {
    const refs = readSecretId(arn, account, core.region).filter((ref) => ref.account === account);
    const secret = await findSecret(core.store, refs);
    if (!secret || secret.deleted_at !== null || secret.current_version === null) return undefined;
    const value = await readValue(core.store, core.sealer, secret.id, secret.current_version);
    return value?.kind === 'string' ? Buffer.from(value.bytes).toString('utf8') : undefined;
  };
}
