// The AWS APIs of identity: IAM and STS, both of the query protocol.
import { type AwsService, awsService } from '@longshore/aws';
import type { IdentityCore } from '../core.ts';
import { createAccessKey } from './create-access-key.ts';
import { createUser } from './create-user.ts';
import { deleteAccessKey } from './delete-access-key.ts';
import { deleteUser } from './delete-user.ts';
import { deleteUserPolicy } from './delete-user-policy.ts';
import { getCallerIdentity } from './get-caller-identity.ts';
import { getUser } from './get-user.ts';
import { getUserPolicy } from './get-user-policy.ts';
import { listAccessKeys } from './list-access-keys.ts';
import { listUserPolicies } from './list-user-policies.ts';
import { listUsers } from './list-users.ts';
import { putUserPolicy } from './put-user-policy.ts';
import { deleteRolePolicy, getRolePolicy, listRolePolicies, putRolePolicy } from './role-policies.ts';
import { createRole, deleteRole, getRole, listRoles, updateAssumeRolePolicy } from './roles.ts';
import { updateAccessKey } from './update-access-key.ts';

export function stsService(): AwsService {
  return awsService({
    name: 'sts',
    protocol: 'query',
    version: '2011-06-15',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: [getCallerIdentity],
  });
}

export function iamService(core: IdentityCore): AwsService {
  const operations = [
    createUser,
    getUser,
    listUsers,
    deleteUser,
    createAccessKey,
    listAccessKeys,
    updateAccessKey,
    deleteAccessKey,
    putUserPolicy,
    getUserPolicy,
    listUserPolicies,
    deleteUserPolicy,
    createRole,
    getRole,
    listRoles,
    deleteRole,
    updateAssumeRolePolicy,
    putRolePolicy,
    getRolePolicy,
    listRolePolicies,
    deleteRolePolicy,
  ];
  return awsService({
    name: 'iam',
    protocol: 'query',
    version: '2010-05-08',
    xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations: operations.map((make) => make(core)),
  });
}
