// The registry's password, as `aws ecr get-login-password` prints it.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { Longshore } from './longshore.ts';

export async function registryPassword(longshore: Longshore): Promise<string> {
  const { credentials } = longshore;
  const ecr = new ECRClient({ endpoint: longshore.url, region: credentials.region, credentials });
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const token = authorizationData?.[0]?.authorizationToken ?? '';
  return Buffer.from(token, 'base64').toString('utf8').slice('AWS:'.length);
}
