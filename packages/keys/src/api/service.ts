// The KMS API: its operations under one target prefix.
import { type AnyOperation, AwsError, type AwsService, awsService } from '@longshore/aws';
import type { KeysCore } from '../core.ts';
import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases.ts';
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  generateRandom,
  reEncrypt,
} from './crypto.ts';
import { createKey, describeKey, listKeys, updateKeyDescription } from './keys.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './policies.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './rotations.ts';
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from './state.ts';
import { listResourceTags, tagResource, untagResource } from './tags.ts';

const operations: readonly ((core: KeysCore) => AnyOperation)[] = Object.freeze([
  cancelKeyDeletion,
  createAlias,
  createKey,
  decrypt,
  deleteAlias,
  describeKey,
  disableKey,
  disableKeyRotation,
  enableKey,
  enableKeyRotation,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  generateRandom,
  getKeyPolicy,
  getKeyRotationStatus,
  listAliases,
  listKeyPolicies,
  listKeyRotations,
  listKeys,
  listResourceTags,
  putKeyPolicy,
  reEncrypt,
  rotateKeyOnDemand,
  scheduleKeyDeletion,
  tagResource,
  untagResource,
  updateAlias,
  updateKeyDescription,
]);

export function kmsService(core: KeysCore): AwsService {
  return awsService({
    name: 'kms',
    protocol: 'json-1.1',
    targetPrefix: 'TrentService',
    missingMember: (place) =>
      new AwsError('ValidationException', `1 validation error detected: Value at '${place}' must not be null`),
    operations: operations.map((make) => make(core)),
  });
}
