// Registry credentials (ECR: GetAuthorizationToken), got with the agent's own key or with a role's, and kept until near their end.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { AcsRoleCredentials, SigningCredentials } from '@longshore/aws';
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
  /** The token of a registry (an account id), for a role if one is given. Throws what the API said. */
  get(registryId: string, role?: AcsRoleCredentials): Promise<RegistryToken>;
  /** Forgets a token that was refused. */
  forget(registryId: string, role?: AcsRoleCredentials): void;
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
  const clientOf = ({ accessKeyId, secretAccessKey, sessionToken }: SigningCredentials) =>
    new ECRClient({
      endpoint: options.endpoint,
      region: options.region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
      maxAttempts: 3,
      requestHandler: { requestTimeout: 15_000, connectionTimeout: 5_000 },
    });
  const ownClient = clientOf(options.credentials);
  const kept = new Map<string, Promise<RegistryToken>>();
  /** A role's token is as good as another session's of the same role. */
  const keyOf = (registryId: string, role?: AcsRoleCredentials) => `${registryId} ${role?.roleArn ?? ''}`;

  async function ask(registryId: string, role: AcsRoleCredentials | undefined): Promise<RegistryToken> {
    const client = role ? clientOf(role) : ownClient;
    const registryIds = registryId ? { registryIds: [registryId] } : {};
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand(registryIds)).finally(() => {
      if (role) client.destroy();
    });
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

  function fresh(registryId: string, role: AcsRoleCredentials | undefined): Promise<RegistryToken> {
    if (kept.size >= maxKept) kept.clear();
    const token = ask(registryId, role);
    kept.set(keyOf(registryId, role), token);
    token.catch(() => kept.delete(keyOf(registryId, role)));
    return token;
  }

  return {
    async get(registryId, role) {
      const token = await kept.get(keyOf(registryId, role))?.catch(() => undefined);
      if (token && token.expiresAt - marginMs > options.clock.now()) return token;
      return fresh(registryId, role);
    },
    forget: (registryId, role) => void kept.delete(keyOf(registryId, role)),
  };
}
