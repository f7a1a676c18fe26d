// The door of `aws`.
export { awsService, operation } from './operation.ts';
export {
  type AccessRequest,
  type AccessResource,
  type AnyOperation,
  AwsError,
  type Authorizer,
  type AwsProtocol,
  type AwsService,
  type CallContext,
  type CredentialSource,
  type Operation,
  type PolicyDocument,
  type PolicyStatement,
  type Principal,
  type ReplayGuard,
  type RequestContext,
  type StoredCredential,
  type WireRequest,
  type WireResponse,
} from './types.ts';
