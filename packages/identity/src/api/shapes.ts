// How rows look in answers of IAM.
import type { AccessKeyMetadata, User } from '@aws-sdk/client-iam';
import type { AccessKeyRow } from '../access-keys.ts';
import type { UserRow } from '../owners.ts';
import { userArn } from '../principals.ts';

export function userShape(user: UserRow): User {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: userArn(user.account, user.path, user.name),
    CreateDate: new Date(user.created_at),
  };
}

export function keyStatus(active: boolean): 'Active' | 'Inactive' {
  return active ? 'Active' : 'Inactive';
}

export function keyShape(key: AccessKeyRow, userName: string | undefined): AccessKeyMetadata {
  return {
    ...(userName !== undefined && { UserName: userName }),
    AccessKeyId: key.id,
    Status: keyStatus(key.active === 1),
    CreateDate: new Date(key.created_at),
  };
}
