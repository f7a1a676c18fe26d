// Every error of KMS that is answered here, in its own codes (KMS API reference).
import { AwsError } from '@longshore/aws';

export const kmsErrors = {
  notFound: (what: string) => new AwsError('NotFoundException', `${what} does not exist`),
  keyNotFound: (arn: string) => new AwsError('NotFoundException', `Key '${arn}' does not exist`),
  disabled: (arn: string) => new AwsError('DisabledException', `${arn} is disabled.`),
  pendingDeletion: (arn: string) => new AwsError('KMSInvalidStateException', `${arn} is pending deletion.`),
  notPendingDeletion: (arn: string) => new AwsError('KMSInvalidStateException', `${arn} is not pending deletion.`),
  invalidCiphertext: () => new AwsError('InvalidCiphertextException', 'The ciphertext does not open.'),
  incorrectKey: () =>
    new AwsError('IncorrectKeyException', 'The key ID in the request does not identify a key that can open this.'),
  invalidArn: (text: string) => new AwsError('InvalidArnException', `Invalid key identifier ${text.slice(0, 300)}`),
  invalidAlias: (message: string) => new AwsError('InvalidAliasNameException', message),
  aliasExists: (arn: string) => new AwsError('AlreadyExistsException', `An alias with the name ${arn} already exists`),
  invalidMarker: () => new AwsError('InvalidMarkerException', 'The marker is not one of this listing.'),
  limit: (message: string) => new AwsError('LimitExceededException', message),
  tag: (message: string) => new AwsError('TagException', message),
  malformedPolicy: (message: string) => new AwsError('MalformedPolicyDocumentException', message),
  unsupported: (message: string) => new AwsError('UnsupportedOperationException', message),
  validation: (message: string) => new AwsError('ValidationException', message),
  dryRun: () =>
    new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.', 412),
  unavailable: (message: string) => new AwsError('KeyUnavailableException', message, 500),
} as const;
