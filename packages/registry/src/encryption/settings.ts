// What a repository's encryptionConfiguration asks for.
import type { EncryptionConfiguration } from '@aws-sdk/client-ecr';
import type { AccountId } from '@longshore/base';
import { invalid } from '../api/ecr-operation.ts';
import type { Core } from '../core.ts';
import type { RepositorySettings } from '../repository.ts';

/**
 * The settings for a new repository of `account`. The key is resolved and used once, so that a repository is never made
 * that nothing can be pushed to. Throws parameterInvalid, keyRefused or keyUnreachable.
 */
export async function encryptionSettings(
  core: Core,
  account: AccountId,
  arn: string,
  wanted: EncryptionConfiguration | undefined,
): Promise<Pick<RepositorySettings, 'encryption' | 'kmsKey'>> {
  const type = wanted?.encryptionType;
  if (type !== 'KMS' && wanted?.kmsKey !== undefined) throw invalid("'kmsKey' goes with the encryption type KMS.");
  if (type === undefined) return {};
  if (type === 'AES256') return { encryption: type };
  if (type !== 'KMS') throw invalid(`Encryption of type ${type} is not available; use KMS or AES256.`);
  const named = wanted?.kmsKey;
  const kmsKey = named === undefined ? await core.keys.ownKey(account, 'ecr') : await core.keys.resolve(account, named);
  await core.keys.generate({ account, key: kmsKey, context: { 'aws:ecr:arn': arn } });
  return { kmsKey };
}
