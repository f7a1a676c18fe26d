// Every error that identity answers with, in IAM's own codes and words (IAM API reference, "Common errors" and each
// operation's list). All are the caller's fault.
import { AwsError } from '@longshore/aws';

export const identityErrors = {
  noSuchUser: (name: string) => new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404),
  noSuchAccessKey: (id: string) => new AwsError('NoSuchEntity', `The Access Key with id ${id} cannot be found.`, 404),
  noSuchUserPolicy: (name: string) =>
    new AwsError('NoSuchEntity', `The user policy with name ${name} cannot be found.`, 404),
  noSuchRole: (name: string) => new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404),
  noSuchRolePolicy: (name: string) =>
    new AwsError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, 404),
  roleExists: (name: string) => new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409),
  tooManyRoles: (limit: number) =>
    new AwsError('LimitExceeded', `Cannot exceed quota for RolesPerAccount: ${limit}`, 409),
  userExists: (name: string) => new AwsError('EntityAlreadyExists', `User with name ${name} already exists.`, 409),
  keysRemain: () => new AwsError('DeleteConflict', 'Cannot delete entity, must delete access keys first.', 409),
  policiesRemain: () => new AwsError('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409),
  tooManyKeys: (limit: number) =>
    new AwsError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${limit}`, 409),
  tooManyUsers: (limit: number) =>
    new AwsError('LimitExceeded', `Cannot exceed quota for UsersPerAccount: ${limit}`, 409),
  policiesTooLarge: (limit: number, user: string) =>
    new AwsError('LimitExceeded', `Maximum policy size of ${limit} bytes exceeded for user ${user}`, 409),
  malformedPolicy: (detail: string) => new AwsError('MalformedPolicyDocument', detail, 400),
  invalid: (message: string) => new AwsError('ValidationError', message, 400),
  unsupported: (message: string) => new AwsError('InvalidInput', message, 400),
  rootHasNoUser: () =>
    new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials', 400),
} as const;
