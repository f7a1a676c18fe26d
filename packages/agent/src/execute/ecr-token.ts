// Registry credentials, got with the agent's own key (ECR: GetAuthorizationToken) and kept until near their end.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { Clock } from '@longshore/base';

export interface RegistryToken {
  readonly username: string;
  readonly password: string;
  /** Where the token is good for, e.g. `http://127.0.0.1:7077`. */
  readonly endpoint: URL;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface RegistryTokens {
  /** The token of a registry (an account id). Throws what the API said. */
  get(registryId: string): Promise<RegistryToken>;
  /** Forgets a token that was refused. */
  forget(registryId: string): void;
}

/** A token is not used in its last half hour, nor is one that lives shorter kept. */
const marginMs = 30 * 60_000;
const maxKept = 100;

export function createRegistryTokens(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly clock: Clock;
}): RegistryTokens {
  const client = new ECRClient({
    endpoint: options.endpoint,
    region: options.region,
    credentials: options.credentials,
    maxAttempts: 3,
    requestHandler: { requestTimeout: 15_000, connectionTimeout: 5_000 },
  });
  const kept = new Map<string, Promise<RegistryToken>>();

  async function ask(registryId: string): Promise<RegistryToken> {
    const registryIds = registryId ? { registryIds: [registryId] } : {};
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand(registryIds));
    const data = authorizationData?.[0];
    const text = Buffer.from(data?.authorizationToken ?? '', 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1 || !data?.proxyEndpoint) throw new Error('the registry gave no usable authorization token');
    return {
      username: text.slice(0, colon),
      password: text.slice(colon + 1),
      endpoint: new URL(data.proxyEndpoint),
      expiresAt: data.expiresAt?.getTime() ?? options.clock.now(),
    };
  }

  function fresh(registryId: string): Promise<RegistryToken> {
    if (kept.size >= maxKept) kept.clear();
    const token = ask(registryId);
    kept.set(registryId, token);
    token.catch(() => kept.delete(registryId));
    return token;
  }

  return {
    async get(registryId) {
      const token = await kept.get(registryId)?.catch(() => undefined);
      if (token && token.expiresAt - marginMs > options.clock.now()) return token;
      return fresh(registryId);
    },
    forget: (registryId) => void kept.delete(registryId),
  };
}
