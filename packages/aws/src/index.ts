// The door of `aws`.
export { type AwsEndpoint, type AwsEndpointOptions, createAwsEndpoint } from './endpoint.ts';
export { createVerifier, type VerifiedRequest, type Verifier, type VerifierOptions } from './sigv4/verifier.ts';
export { type SigningCredentials, signHeaders, type SignOptions } from './sigv4/sign.ts';
export {
  acknowledgementOf,
  type ChannelMessage,
  type ChannelMessageType,
  payloadTypes,
  readChannelMessage,
  terminateFlag,
  writeChannelMessage,
} from './data-channel.ts';
export { callJson, type JsonCall } from './call-json.ts';
export { awsService, operation } from './operation.ts';
export {
  type AccessRequest,
  type AccessResource,
  type AnyOperation,
  AwsError,
  type AuditEntry,
  type AuditTrail,
  type Authorizer,
  type AwsProtocol,
  type AwsService,
  type CallContext,
  type CredentialSource,
  type Operation,
  type OwnSchema,
  type PolicyDocument,
  type PolicyStatement,
  type Principal,
  type ReplayGuard,
  type RequestContext,
  type StoredCredential,
  type WireRequest,
  type WireResponse,
} from './types.ts';
export type {
  AcsAgentMessages,
  AcsAssociation,
  AcsContainer,
  AcsEnvironmentFile,
  AcsMountPoint,
  AcsPortMapping,
  AcsRegistryAuthentication,
  AcsRestartPolicy,
  AcsNetworkInterface,
  AcsRoleCredentials,
  AcsSecret,
  AcsServerMessages,
  AcsTask,
  AcsTaskIdentifier,
  AcsVolume,
  Frame,
  TcsAgentMessages,
  TcsContainerMetric,
  TcsServerMessages,
  TcsStatsSet,
} from './agent-protocol.ts';
