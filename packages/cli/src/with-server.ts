// What every command that talks to a server shares: finding it, the ECS and ECR clients, and a plain word when nobody
// answers.
import { errorText, UserError } from '@longshore/base';
import { type Connection, type ConnectionOptions, findConnection } from './connection.ts';
import { connectionCode } from './failures.ts';
import type { CliParts } from './types.ts';

/** Options of an SDK client for this server. */
export interface SdkConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Connection['credentials'];
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
}

export function sdkConfig({ endpoint, region, credentials }: Connection): SdkConfig {
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 60_000 };
  return { endpoint, region, credentials, maxAttempts: 3, requestHandler };
}

/** Finds the server and calls `use`. Throws `UserError` where the server cannot be reached. */
export async function withServer<T>(
  options: ConnectionOptions,
  parts: CliParts,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await findConnection(options, parts);
  try {
    return await use(connection);
  } catch (error) {
    const { endpoint, origin } = connection;
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new UserError(
        `${endpoint} (from ${origin}) did not answer in time.`,
        'Try again; see the log of the server.',
      );
    }
    if (error instanceof SyntaxError) {
      throw new UserError(
        `What answers at ${endpoint} (from ${origin}) is not Longshore.`,
        'Name another address with --endpoint URL.',
      );
    }
    const code = connectionCode(error);
    if (code === undefined && error instanceof TypeError && error.message === 'fetch failed') {
      throw new UserError(`${endpoint} (from ${origin}) cannot be reached: ${errorText(error.cause)}`);
    }
    if (code === undefined) throw error;
    throw new UserError(
      `Longshore is not running at ${endpoint} (from ${origin}; ${code}).`,
      'Start it with: longshore up --detach',
    );
  }
}
