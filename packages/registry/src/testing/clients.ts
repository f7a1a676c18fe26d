// AWS's own clients, of a test registry and its accounts.
import { ECRClient } from '@aws-sdk/client-ecr';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { openTestRegistry, type TestAccount, type TestRegistry, type TestRegistryOptions } from './fixture.ts';

function settings(at: TestRegistry, account: TestAccount) {
  return { endpoint: at.url, region: 'us-east-1', credentials: account.key, maxAttempts: 1 };
}

export function ecrOf(at: TestRegistry, account: TestAccount = at.account): ECRClient {
  return new ECRClient(settings(at, account));
}

export function secretsOf(at: TestRegistry, account: TestAccount = at.account): SecretsManagerClient {
  return new SecretsManagerClient(settings(at, account));
}

export interface TwoAccounts {
  readonly at: TestRegistry;
  readonly ecr: ECRClient;
  /** Another account, and its client. */
  readonly stranger: TestAccount;
  readonly strange: ECRClient;
  close(): Promise<void>;
}

export async function openForTwoAccounts(options: TestRegistryOptions): Promise<TwoAccounts> {
  const at = await openTestRegistry(options);
  const stranger = await at.addAccount('stranger');
  const [ecr, strange] = [ecrOf(at), ecrOf(at, stranger)];
  return {
    at,
    ecr,
    stranger,
    strange,
    async close() {
      ecr.destroy();
      strange.destroy();
      await at.close();
    },
  };
}
