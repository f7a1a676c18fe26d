// Puts the parts of identity together.
import type { Principal } from '@longshore/aws';
import { type Clock, type Logger, UserError } from '@longshore/base';
import type { Store } from '@longshore/store';
import { bootstrapAccount, createAccount, listAccounts } from './accounts.ts';
import { iamService, stsService } from './api/services.ts';
import { createAuthorizer } from './authorizer.ts';
import { createLoadingCache } from './cache.ts';
import type { IdentityCore } from './core.ts';
import { createCredentialCache, createCredentialSource } from './credentials.ts';
import { livePrincipal } from './owners.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import { createRegistryTokens } from './registry-tokens.ts';
import { createReplayGuard, replaySweeper } from './replay.ts';
import { compiledRolePolicies } from './roles/roles.ts';
import {
  assumeForService,
  livePrincipalOfSession,
  mayAssumeForService,
  roleIdOf,
  sessionSweeper,
} from './roles/sessions.ts';
import { createSealer, UnsealError } from './seal.ts';
import { secretPurge } from './secrets/delete-secret.ts';
import { secretReader, secretsService } from './secrets/service.ts';
import { ensureServiceUser } from './service-user.ts';
import { createSigningKey } from './signing-key.ts';
import type { Identity } from './types.ts';
import { compiledPoliciesOf } from './user-policies.ts';

/** How long another replica's change of policies, or of who is there, may go unnoticed. */
const policyAgeMs = 5_000;
const presenceAgeMs = 2_000;
const maxEntries = 10_000;
/** As ECS gives to tasks. */
const sessionMs = 6 * 3_600_000;

export interface IdentityOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  /** 32 bytes; seals every secret in the store. The same for all replicas, kept outside the store. */
  readonly masterKey: Uint8Array;
}

/** Says which key file is wrong instead of how decryption failed. */
async function explainSeal<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UnsealError)) throw error;
    throw new UserError(error.message, "Start with the key file that belongs to this installation's data.");
  }
}

/** Throws RangeError unless `masterKey` has 32 bytes. Needs `identityMigrations` applied before anything is called. */
export function createIdentity({ store, clock, log, region, masterKey }: IdentityOptions): Identity {
  const sealer = createSealer(masterKey);
  const credentials = createCredentialCache(store, sealer, clock);
  const policies = createLoadingCache<readonly CompiledPolicy[]>({
    clock,
    maxAgeMs: policyAgeMs,
    maxEntries,
    load: (ownerId) =>
      roleIdOf(ownerId) === undefined ? compiledPoliciesOf(store, ownerId) : compiledRolePolicies(store, ownerId),
  });
  const present = createLoadingCache<Principal | undefined>({
    clock,
    maxAgeMs: presenceAgeMs,
    maxEntries,
    load: (ownerId) =>
      roleIdOf(ownerId) === undefined ? livePrincipal(store, ownerId) : livePrincipalOfSession(store, ownerId),
  });
  const core: IdentityCore = {
    store,
    clock,
    sealer,
    forget: {
      accessKey: (accessKeyId) => credentials.forget(accessKeyId),
      owner(ownerId) {
        policies.forget(ownerId);
        present.forget(ownerId);
      },
    },
  };
  const secretsCore = { store, clock, sealer, region };
  const signingKey = createSigningKey(core);
  return {
    credentials: createCredentialSource(credentials),
    authorizer: createAuthorizer({ region, policiesOf: (userId) => policies.get(userId) }),
    replayGuard: createReplayGuard(store),
    registryTokens: createRegistryTokens({ clock, signingKey, principalOf: (userId) => present.get(userId) }),
    sts: stsService(),
    iam: iamService(core),
    secrets: secretsService(secretsCore),
    readSecret: secretReader(secretsCore),
    services: [replaySweeper(store, clock, log), sessionSweeper(store, clock, log), secretPurge(secretsCore, log)],
    async bootstrap(options = {}) {
      const made = await explainSeal(bootstrapAccount(core, options.presetKey));
      // Opened here so that a wrong master key is found at the start, not at the first push.
      await explainSeal(signingKey());
      return made;
    },
    assumeForService: (request) => assumeForService(core, request, sessionMs),
    mayAssumeForService: (request) => mayAssumeForService(core, request),
    createAccount: (name) => createAccount(core, name),
    listAccounts: () => listAccounts(store),
    ensureServiceUser: (account, name, policy) => explainSeal(ensureServiceUser(core, account, name, policy)),
  };
}
