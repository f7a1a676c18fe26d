// The nouns of identity that other packages see.
import type { AccountId, Service } from '@longshore/base';
import type { Authorizer, AwsService, CredentialSource, PolicyDocument, Principal, ReplayGuard } from '@longshore/aws';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A grant inside a registry bearer token (Docker token scope: `repository:NAME:pull,push`). */
export interface TokenScope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** What a verified registry token or password says. Authorisation is still decided for each request. */
export interface RegistryCredential {
  readonly principal: Principal;
  /** Undefined for a password of GetAuthorizationToken (whole account); else nothing beyond these scopes is allowed. */
  readonly scopes?: readonly TokenScope[] | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Registry tokens: JWTs signed with a key that only the server holds; algorithm, type, issuer and audience are pinned. */
export interface RegistryTokens {
  /** The password of `aws ecr get-login-password`: 12 h, scoped to the principal's account. */
  issuePassword(principal: Principal): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** A bearer token of the OCI flow: 15 min, bounded by `scopes`. */
  issueBearer(
    principal: Principal,
    scopes: readonly TokenScope[],
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** The credential, or undefined if the token is forged, expired, tampered, of the wrong use, or its principal is gone. */
  verifyPassword(token: string): Promise<RegistryCredential | undefined>;
  verifyBearer(token: string): Promise<RegistryCredential | undefined>;
}

/**
 * The current text of a secret that `account` owns, by its ARN; undefined if there is none (any more), or it is binary.
 * Throws an AwsError DecryptionFailure if it does not open. For parts of the program, after their own check of access.
 */
export type SecretReader = (account: AccountId, arn: string) => Promise<string | undefined>;

/** Temporary keys of a role. */
export interface RoleSession extends AccessKey {
  readonly roleArn: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: number;
}

export interface Identity {
  readonly credentials: CredentialSource;
  readonly authorizer: Authorizer;
  readonly replayGuard: ReplayGuard;
  readonly registryTokens: RegistryTokens;
  readonly sts: AwsService;
  readonly iam: AwsService;
  /** Secrets Manager. */
  readonly secrets: AwsService;
  readonly readSecret: SecretReader;
  /** Background work: forgetting old replay claims, removing deleted secrets. */
  readonly services: readonly Service[];
  /**
   * The first account and its root key; made at the first start, the same ever after. Also under races of replicas.
   * `presetKey` is the root key to make at the first start; later it is not looked at. Throws UserError if it is
   * malformed, or if the master key is not the one of this store.
   */
  bootstrap(options?: {
    readonly presetKey?: AccessKey | undefined;
  }): Promise<{ readonly account: Account; readonly rootKey: AccessKey; readonly created: boolean }>;
  /**
   * Keys of the account's role (an ARN or a name) for a service, good for six hours; undefined if there is no such role or it
   * does not trust the service. For parts of the program, after their own check that the role may be passed.
   */
  assumeForService(request: {
    readonly account: AccountId;
    readonly role: string;
    readonly service: string;
    readonly session: string;
  }): Promise<RoleSession | undefined>;
  /** Whether `assumeForService` would give keys. */
  mayAssumeForService(request: {
    readonly account: AccountId;
    readonly role: string;
    readonly service: string;
  }): Promise<boolean>;
  createAccount(name: string): Promise<{ readonly account: Account; readonly rootKey: AccessKey }>;
  listAccounts(): Promise<readonly Account[]>;
  /** A user with one inline policy and one key, made if missing; the same key at every start. For the local agent. */
  ensureServiceUser(account: AccountId, name: string, policy: PolicyDocument): Promise<AccessKey>;
}
