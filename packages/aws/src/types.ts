// The nouns of the AWS wire: who calls, what an operation is, what a service is, and what the parts that decide
// (credentials, policies, replays) must offer. Operations are data; one router serves them in every protocol.
import type { AccountId, Logger } from '@longshore/base';
import type { StaticOperationSchema } from '@smithy/types';

/** Who signed a request. */
export interface Principal {
  readonly account: AccountId;
  /** `arn:aws:iam::ACCOUNT:root`, `arn:aws:iam::ACCOUNT:user/NAME`, … */
  readonly arn: string;
  /** The account id for root, `AIDA…` for a user. */
  readonly userId: string;
  readonly kind: 'root' | 'user' | 'role';
}

/** A policy document of the IAM language, already validated. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly NotPrincipal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One resource that an operation touches. */
export interface AccessResource {
  readonly arn: string;
  /** The account that owns it. Another account's caller needs `policy` to allow it besides the caller's own policies. */
  readonly account: AccountId;
  /** The resource's own policy, where it has one (ECR repositories). */
  readonly policy?: PolicyDocument | undefined;
  /** Nothing is allowed that `policy` does not allow, not even to its own account's root (KMS keys). */
  readonly policyDecides?: boolean;
  /** A policy of the owning account that holds for all resources of this kind beside their own (ECR's registry policy). */
  readonly ownerPolicy?: PolicyDocument | undefined;
}

/** What must be allowed before an operation runs: every one of `resources`. */
export interface AccessRequest {
  /** `ecr:PutImage`; `service:Operation` where left out. */
  readonly action?: string;
  readonly resources: readonly AccessResource[];
  /** Condition keys beyond the common ones (aws:SourceIp, aws:CurrentTime, …), e.g. `ecs:cluster`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

export interface RequestContext {
  readonly requestId: string;
  readonly sourceIp: string;
  /** `http://host:port` as the caller addressed this server; the base of URLs in answers. */
  readonly baseUrl: string;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a handler is given beside its input. */
export interface CallContext extends RequestContext {
  readonly principal: Principal;
  readonly region: string;
  readonly log: Logger;
  /** Checks a further permission in the middle of an operation (PassRole and the like); throws AccessDenied. */
  authorize(request: AccessRequest & { readonly action: string }): Promise<void>;
}

/** Decides. Filled by `identity`. */
export interface Authorizer {
  /** Resolves to undefined if allowed, else to the reason in AWS's words («User: … is not authorized to perform: …»). */
  refusal(
    principal: Principal,
    request: AccessRequest & { readonly action: string },
    context: RequestContext,
  ): Promise<string | undefined>;
}

/** A call that changed something, or was to: who, what, from where, with which result. Never what was sent. */
export interface AuditEntry {
  /** `ecr` */
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly context: RequestContext;
  /** The account whose resources are touched. */
  readonly recipient: AccountId;
  /** ARNs. */
  readonly resources: readonly string[];
  /** Names of things; no secrets, no contents. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Left out if the call succeeded. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** Keeps audit entries. Filled by `server`. */
export interface AuditTrail {
  record(entry: AuditEntry): void;
}

/** Finds who an access key belongs to. Filled by `identity`. */
export interface CredentialSource {
  /** Undefined if there is no such key; `active: false` if it was switched off. */
  find(accessKeyId: string): Promise<StoredCredential | undefined>;
}

export interface StoredCredential {
  readonly secretAccessKey: string;
  /** Set for temporary credentials; the request must carry the same X-Amz-Security-Token. */
  readonly sessionToken?: string | undefined;
  readonly active: boolean;
  readonly principal: Principal;
}

/** Remembers signatures of requests that change something. Filled by `identity`, kept in the store. */
export interface ReplayGuard {
  /** True the first time; false if this signature was claimed before. Durable when it resolves. */
  claim(signature: string, expiresAt: number): Promise<boolean>;
  /** Gives a claim back after a failed call, so that a client's own retry is not taken for a replay. */
  release(signature: string): Promise<void>;
}

/** An operation's own shapes, instead of an SDK schema: `parse` checks the JSON body (a zod schema's `parse` does). */
export interface OwnSchema<I = unknown> {
  readonly kind: 'json';
  readonly parse: (value: unknown) => I;
}

/** One operation. `I` and `O` are the `@aws-sdk/client-*` request and response types. */
export interface Operation<I = unknown, O = unknown> {
  readonly name: string;
  /** The runtime schema of the operation from `@aws-sdk/client-*` (e.g. `RunTask$`), or an `OwnSchema`. */
  readonly schema: StaticOperationSchema | OwnSchema;
  /**
   * `write` operations are guarded against replay. `idempotent` are writes whose repetition by design changes nothing
   * (layer parts, state reports); `read` change nothing.
   */
  readonly effect: 'read' | 'write' | 'idempotent';
  /** Largest body in bytes; the router's default is 1 MiB. */
  readonly maxBodyBytes?: number;
  /** What must be allowed. 'any' = every authenticated caller (STS GetCallerIdentity). */
  readonly access: 'any' | ((input: I, call: CallContext) => AccessRequest | Promise<AccessRequest>);
  readonly handle: (input: I, call: CallContext) => Promise<O>;
}

export type AnyOperation = Operation<never, unknown>;

export type AwsProtocol = 'json-1.1' | 'json-1.0' | 'query';

/** One AWS API. */
export interface AwsService {
  /** The signing name, e.g. `ecs`; also the prefix of its IAM actions. */
  readonly name: string;
  readonly protocol: AwsProtocol;
  /** JSON: the prefix of X-Amz-Target, e.g. `AmazonEC2ContainerServiceV20141113`. */
  readonly targetPrefix?: string;
  /** Query: the API version (`2011-06-15`) and the XML namespace of its answers. */
  readonly version?: string;
  readonly xmlNamespace?: string;
  /** How this service says that a required member (`cluster`, `tags.1.member.key`) is missing; the wire's own words if left out. */
  readonly missingMember?: (place: string) => AwsError;
  readonly operations: ReadonlyMap<string, AnyOperation>;
}

/** An error in the protocol's own form. Thrown by handlers; everything else becomes the service's 500. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** e.g. `ClusterNotFoundException`. */
  readonly code: string;
  readonly status: number;
  /** Further members of the error's shape. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** An HTTP request, body already read (bounded) by the server. Header names are lower case. */
export interface WireRequest {
  readonly method: string;
  /** Path and query as received, not decoded. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  readonly baseUrl: string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}
