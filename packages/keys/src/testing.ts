// For tests: keys behind a real HTTP endpoint, over a real store and identity. Also the «external KMS» of other packages' tests.
import { createAwsEndpoint, createVerifier, type Principal } from '@longshore/aws';
import { serveWire } from '@longshore/aws/testing';
import { type Clock, memoryMeter, silentLogger, systemClock } from '@longshore/base';
import { type AccessKey, createIdentity, type Identity, identityMigrations } from '@longshore/identity';
import type { Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { createKeys, type Keys } from './create.ts';
import type { ExternalEndpoint } from './external.ts';
import { keysMigrations } from './schema.ts';

const region = 'us-east-1';

export interface TestCaller {
  readonly account: string;
  readonly principal: Principal;
  readonly key: AccessKey;
}

export interface TestKms {
  readonly url: string;
  readonly keys: Keys;
  readonly store: Store;
  readonly identity: Identity;
  readonly root: TestCaller;
  addAccount(name: string): Promise<TestCaller>;
  /** A user of the first account with one policy. */
  addUser(name: string, actions: readonly string[]): Promise<TestCaller>;
  close(): Promise<void>;
}

export async function openTestKms(
  options: {
    readonly backEnd?: ReturnType<typeof testStores>[number];
    readonly clock?: Clock;
    readonly external?: readonly ExternalEndpoint[];
  } = {},
): Promise<TestKms> {
  const backEnd = options.backEnd ?? testStores()[0];
  if (!backEnd) throw new Error('There is no store to test with');
  const { store, close } = await backEnd.open([...identityMigrations, ...keysMigrations]);
  const clock = options.clock ?? systemClock;
  const masterKey = new Uint8Array(32).fill(5);
  const parts = { store, clock, log: silentLogger, region, masterKey };
  const identity = createIdentity(parts);
  const { authorizer, credentials, replayGuard } = identity;
  const keys = createKeys({ ...parts, authorizer, external: options.external ?? [] });
  const endpoint = createAwsEndpoint({
    services: [keys.kms, identity.iam],
    verifier: createVerifier({ credentials, clock, region }),
    authorizer,
    replayGuard,
    region,
    clock,
    log: silentLogger,
    meter: memoryMeter(),
  });
  const server = await serveWire(endpoint);

  async function callerOf(key: AccessKey): Promise<TestCaller> {
    const found = await credentials.find(key.accessKeyId);
    if (!found) throw new Error('The key is not known');
    return { account: found.principal.account, principal: found.principal, key };
  }

  const { account, rootKey } = await identity.bootstrap();
  return {
    url: server.url,
    keys,
    store,
    identity,
    root: await callerOf(rootKey),
    addAccount: async (name) => callerOf((await identity.createAccount(name)).rootKey),
    async addUser(name, actions) {
      const Statement = [{ Effect: 'Allow' as const, Action: actions, Resource: '*' }];
      return callerOf(await identity.ensureServiceUser(account.id, name, { Version: '2012-10-17', Statement }));
    },
    async close() {
      await server.close();
      await close();
    },
  };
}
