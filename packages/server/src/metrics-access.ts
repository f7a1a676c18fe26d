// Who may scrape: an access key as HTTP Basic (Prometheus' basic_auth) of the operator's account, allowed
// `longshore:GetMetrics`. Metrics span all accounts, so no other account may read them.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authorizer, CredentialSource, RequestContext } from '@longshore/aws';
import type { AccountId } from '@longshore/base';

/** True if `authorization` carries a valid access key whose owner may read metrics. */
export async function mayScrape(
  authorization: string | undefined,
  parts: {
    readonly credentials: CredentialSource;
    readonly authorizer: Authorizer;
    readonly operator: AccountId;
    readonly region: string;
  },
  context: RequestContext,
): Promise<boolean> {
  const match = /^Basic ([A-Za-z0-9+/=]{1,400})$/i.exec(authorization ?? '');
  const [user, password] = split(Buffer.from(match?.[1] ?? '', 'base64').toString('utf8'));
  const credential = await parts.credentials.find(user);
  const same = timingSafeEqual(hash(password), hash(credential?.secretAccessKey ?? `no such key ${user}`));
  if (!credential?.active || !same || credential.sessionToken !== undefined) return false;
  if (credential.principal.account !== parts.operator) return false;
  const { account } = credential.principal;
  const resources = [{ arn: `arn:aws:longshore:${parts.region}:${account}:metrics`, account }];
  return (
    (await parts.authorizer.refusal(credential.principal, { action: 'longshore:GetMetrics', resources }, context)) ===
    undefined
  );
}

function split(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
