// How a key is described.
import type { KeyMetadata } from '@aws-sdk/client-kms';
import type { Key } from '../keys.ts';

export function stateOf(key: Key): 'Enabled' | 'Disabled' | 'PendingDeletion' {
  if (key.deletionAt !== undefined) return 'PendingDeletion';
  return key.enabled ? 'Enabled' : 'Disabled';
}

/** Material numbers as KMS names them: 64 hexadecimal digits. */
export function materialId(key: Pick<Key, 'id'>, material: number): string {
  return `${key.id.replaceAll('-', '')}${material.toString(16).padStart(32, '0')}`;
}

export function metadataShape(key: Key): KeyMetadata {
  const state = stateOf(key);
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: state,
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    CurrentKeyMaterialId: materialId(key, key.material),
    ...(key.deletionAt !== undefined && { DeletionDate: new Date(key.deletionAt) }),
  };
}
