// `/v2/token`: a login becomes a bearer token whose scopes are what the caller's policies allow now (distribution,
// "Token authentication"; GET with Basic, and the OAuth2 form of POST). Nobody gets one without a login.
import type { TokenScope } from '@longshore/identity';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { resolvePathName } from '../names.ts';
import { findRepository } from '../repositories.ts';
import { allRepositoriesResource } from '../resource.ts';
import { type Grant, grantActions, isAllowed } from './access.ts';
import { bodyOf, type Caller, type OciRequest } from './call.ts';
import { readBasic, verifyLogin } from './credentials.ts';
import { OciFailure, sendJson } from './respond.ts';

const formLimit = 32_768;
const grants: readonly Grant[] = ['pull', 'push', 'delete'];

/** `repository:NAME:pull,push` (a name may hold colons of a host; the last one parts the actions). */
export function parseScope(text: string): TokenScope | undefined {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first <= 0 || last <= first || text.length > 1_024) return undefined;
  return {
    type: text.slice(0, first),
    name: text.slice(first + 1, last),
    actions: text
      .slice(last + 1)
      .split(',')
      .filter(Boolean),
  };
}

/** What of `scope` the policies allow. */
async function grant(call: OciRequest & { caller: Caller }, scope: TokenScope): Promise<TokenScope> {
  const none = { ...scope, actions: [] };
  const { core, caller, context } = call;
  const { account } = caller.principal;
  if (scope.type === 'registry' && scope.name === 'catalog') {
    const resources = [await allRepositoriesResource(core, account)];
    const request = { action: 'ecr:DescribeRepositories', resources };
    const refused = (await core.authorizer.refusal(caller.principal, request, context)) !== undefined;
    return refused ? none : { ...scope, actions: ['*'] };
  }
  const ref = scope.type === 'repository' ? resolvePathName(scope.name, account) : undefined;
  if (!ref) return none;
  const repository = await findRepository(core.store, ref);
  const wanted = scope.actions.includes('*') ? grants : grants.filter((each) => scope.actions.includes(each));
  const actions: Grant[] = [];
  for (const each of wanted) if (await isAllowed(call, ref, repository, grantActions[each])) actions.push(each);
  return { ...scope, actions };
}

interface TokenRequest {
  readonly user: string;
  readonly password: string;
  readonly scopes: readonly string[];
}

async function readForm(call: OciRequest): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(call.request)) {
    length += chunk.length;
    if (length > formLimit) throw new RegistryError('requestInvalid', 'The form is too large.');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

async function readTokenRequest(call: OciRequest): Promise<TokenRequest | undefined> {
  if (call.request.method === 'GET') {
    const login = readBasic(call.request.headers.authorization ?? '');
    return login && { ...login, scopes: call.query.getAll('scope') };
  }
  if (call.request.method !== 'POST') throw new RegistryError('unsupported');
  const form = await readForm(call);
  if (form.get('grant_type') !== 'password') {
    throw new RegistryError('requestInvalid', 'Only grant_type=password is offered here.');
  }
  return { user: form.get('username') ?? '', password: form.get('password') ?? '', scopes: form.getAll('scope') };
}

export async function handleToken(call: OciRequest): Promise<void> {
  const asked = await readTokenRequest(call);
  const caller = asked && (await verifyLogin(call.core, asked.user, asked.password));
  if (!asked || !caller) {
    throw new OciFailure(new RegistryError('unauthorized'), {
      'www-authenticate': `Basic realm="${call.context.baseUrl}",service="longshore"`,
    });
  }
  const texts = asked.scopes.flatMap((text) => text.split(' ')).filter(Boolean);
  if (texts.length > limits.scopes || texts.join('').length > limits.scopesText) {
    throw new RegistryError(
      'requestInvalid',
      `A token may have ${limits.scopes} scopes of ${limits.scopesText} characters in all.`,
    );
  }
  const granted: TokenScope[] = [];
  for (const text of texts) {
    const scope = parseScope(text);
    if (scope) granted.push(await grant({ ...call, caller }, scope));
  }
  const scopes = granted.filter((scope) => scope.actions.length > 0);
  const { token, expiresAt } = await call.core.tokens.issueBearer(caller.principal, scopes);
  sendJson(
    call,
    200,
    {
      token,
      access_token: token,
      expires_in: Math.max(60, Math.floor((expiresAt - call.context.now) / 1000)),
      issued_at: new Date(call.context.now).toISOString(),
      scope: scopes.map((scope) => `${scope.type}:${scope.name}:${scope.actions.join(',')}`).join(' '),
    },
    { 'cache-control': 'no-store' },
  );
}
