// Every error of the secrets API, in Secrets Manager's own codes and words.
import { AwsError } from '@longshore/aws';

export const secretErrors = {
  unknown: () => new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
  noValue: (stage: string) =>
    new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for staging label: ${stage}`,
    ),
  noVersion: (id: string) =>
    new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for VersionId: ${id}`,
    ),
  exists: (name: string) =>
    new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`),
  versionExists: () =>
    new AwsError(
      'ResourceExistsException',
      "You can't use ClientRequestToken of another version: a version of this secret has it with another value.",
    ),
  scheduled: () =>
    new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    ),
  nameScheduled: () =>
    new AwsError(
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    ),
  invalid: (message: string) => new AwsError('InvalidParameterException', message),
  token: () => new AwsError('InvalidNextTokenException', 'NextToken is not one that a page before answered with.'),
  tooMany: (limit: number) => new AwsError('LimitExceededException', `An account may have ${limit} secrets at most.`),
  undecryptable: () =>
    new AwsError(
      'DecryptionFailure',
      "Secrets Manager can't decrypt the protected secret text with the master key.",
      400,
    ),
} as const;
