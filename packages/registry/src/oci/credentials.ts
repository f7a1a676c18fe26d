// Who calls: a bearer token of `/v2/token`, or directly user AWS with the password of GetAuthorizationToken.
import { RegistryError } from '../errors.ts';
import type { Core } from '../core.ts';
import type { Caller, OciRequest } from './call.ts';
import { OciFailure } from './respond.ts';

const longest = 16_384;

/** User and password of a Basic header. */
export function readBasic(authorization: string): { readonly user: string; readonly password: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization);
  if (!match) return undefined;
  const text = Buffer.from(match[1] ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The caller whose password it is; the user is always AWS, as at ECR. */
export async function verifyLogin(core: Core, user: string, password: string): Promise<Caller | undefined> {
  if (user !== 'AWS' || password.length > longest) return undefined;
  const credential = await core.tokens.verifyPassword(password);
  return credential && { principal: credential.principal, scopes: credential.scopes };
}

/** The caller of a request, or undefined if it is anonymous or its credentials are not good. */
export async function authenticate(call: OciRequest): Promise<Caller | undefined> {
  const authorization = call.request.headers.authorization ?? '';
  if (authorization === '' || authorization.length > longest) return undefined;
  const bearer = /^bearer +([^ ]+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) {
    const credential = await call.core.tokens.verifyBearer(bearer);
    return credential && { principal: credential.principal, scopes: credential.scopes ?? [] };
  }
  const login = readBasic(authorization);
  return login && verifyLogin(call.core, login.user, login.password);
}

/** 401 with the way to a token (distribution, "Token authentication"). `scope` e.g. `repository:NAME:pull`. */
export function challenge(
  call: Pick<OciRequest, 'context'>,
  scope: string | undefined,
  error?: 'insufficient_scope' | 'invalid_token',
): OciFailure {
  const parts = [`realm="${call.context.baseUrl}/v2/token"`, 'service="longshore"'];
  if (scope !== undefined) parts.push(`scope="${scope}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return new OciFailure(new RegistryError('unauthorized'), {
    'www-authenticate': `Bearer ${parts.join(',')}`,
    'docker-distribution-api-version': 'registry/2.0',
  });
}
