// Puts the parts of keys together.
import type { Authorizer, AwsService, PolicyDocument } from '@longshore/aws';
import { type Clock, type Logger, loopService, type Service } from '@longshore/base';
import { createSealer, parsePolicy } from '@longshore/identity';
import type { Store } from '@longshore/store';
import { kmsService } from './api/service.ts';
import type { KeysCore } from './core.ts';
import { type DataKeys, localDataKeys } from './data-keys.ts';
import { type ExternalEndpoint, withExternalKeys } from './external.ts';
import { keepKeys } from './rotation.ts';

export interface KeysOptions {
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  /** 32 bytes that seal all key material in the store. */
  readonly masterKey: Uint8Array;
  readonly external?: readonly ExternalEndpoint[];
}

export interface Keys {
  readonly kms: AwsService;
  readonly dataKeys: DataKeys;
  /** Background work: rotation, and deletions whose time has come. */
  readonly services: readonly Service[];
}

const mostPolicies = 1_000;

/** Policies by their text, the least recently read forgotten first. */
function policyReader(): (text: string) => PolicyDocument {
  const known = new Map<string, PolicyDocument>();
  return (text) => {
    const policy = known.get(text) ?? parsePolicy(text, 'resource');
    known.delete(text);
    known.set(text, policy);
    for (const oldest of known.keys()) {
      if (known.size <= mostPolicies) break;
      known.delete(oldest);
    }
    return policy;
  };
}

/** Needs `keysMigrations` applied. */
export function createKeys(options: KeysOptions): Keys {
  const { store, authorizer, clock, log, region } = options;
  const core: KeysCore = {
    store,
    authorizer,
    clock,
    log,
    region,
    sealer: createSealer(options.masterKey),
    policyOf: policyReader(),
  };
  const keeper = loopService({
    id: 'keys/keeper',
    everyMs: 60_000,
    log,
    clock,
    step: ({ signal }) => keepKeys(core, signal),
  });
  return {
    kms: kmsService(core),
    dataKeys: withExternalKeys(localDataKeys(core), options.external ?? []),
    services: [keeper],
  };
}
