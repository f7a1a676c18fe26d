// Logging in at an upstream: a challenge becomes an Authorization header. The password goes to the upstream itself or to
// where its owner said (`mayShowPassword`), never where an answer says; a token goes to the upstream only.
import { z } from 'zod';
import type { Clock } from '@longshore/base';
import { readChallenges } from './challenge.ts';
import { UpstreamError } from './failure.ts';
import { type GuardedRequest, readBody, type Reach, requestOnce, type Sockets } from './http.ts';
import { mayShowPassword } from './origin.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Origin of a token service that its owner trusts with it. */
  readonly tokenOrigin: string | undefined;
}

const secretSchema = z.object({
  username: z
    .string()
    .min(1)
    .max(1_024)
    .regex(/^[^:\r\n]+$/),
  accessToken: z.string().min(1).max(16_384),
  tokenOrigin: z
    .url()
    .transform((text) => new URL(text).origin)
    .optional(),
});

/** The text of a secret, in ECR's form `{"username", "accessToken"}`. Undefined if it is none. */
export function readLogin(text: string): Login | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = secretSchema.safeParse(value);
  return data && { user: data.username, password: data.accessToken, tokenOrigin: data.tokenOrigin };
}

export interface Authorization {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const tokenSchema = z.object({
  token: z.string().max(16_384).optional(),
  access_token: z.string().max(16_384).optional(),
  expires_in: z.number().min(0).optional(),
});

const tokenBytes = 64 * 1024;
const basicMs = 5 * 60_000;
/** A token is not used in its last seconds, and not longer than this however long it is good for. */
const earlyMs = 5_000;
const longestMs = 60 * 60_000;

interface LoginRequest {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly origin: string;
  /** What the upstream itself may be reached in, and what another host that it names. */
  readonly ownReach: Reach;
  readonly foreignReach: Reach;
  readonly login: Login | undefined;
  /** `repository:NAME:pull`; undefined for a mere visit. */
  readonly scope: string | undefined;
  readonly signal: AbortSignal;
  readonly headMs: number;
}

function basic(login: Login): string {
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
}

function realmUrl(origin: string, realm: string | undefined): URL {
  if (realm === undefined || !URL.canParse(realm, origin)) {
    throw new UpstreamError('unavailable', `The upstream ${origin} asks for a token without saying where.`);
  }
  const url = new URL(realm, origin);
  const downgrade = url.protocol === 'http:' && new URL(origin).protocol === 'https:';
  if (
    downgrade ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new UpstreamError('refused', `The upstream ${origin} asks for a login at a place where none is given.`);
  }
  return url;
}

async function fetchToken(asked: LoginRequest, parameters: ReadonlyMap<string, string>): Promise<Authorization> {
  const { origin, login, scope, clock } = asked;
  const url = realmUrl(origin, parameters.get('realm'));
  if (login && !mayShowPassword(origin, url.origin, login.tokenOrigin)) {
    throw new UpstreamError(
      'refused',
      `The upstream ${origin} asks for its password at ${url.origin}, which is another host: it is not sent there. If that host is trusted, name it as tokenOrigin in the secret.`,
    );
  }
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  const request: GuardedRequest = {
    method: 'GET',
    url,
    headers: { accept: 'application/json', ...(login && { authorization: basic(login) }) },
    reach: url.origin === origin ? asked.ownReach : asked.foreignReach,
    headMs: asked.headMs,
    signal: asked.signal,
  };
  // No redirects: nothing that carries a password is sent on.
  const response = await requestOnce(asked.sockets, request);
  const body = await readBody(response, tokenBytes);
  if (response.status === 401 || response.status === 403) {
    throw new UpstreamError('denied', `The upstream ${origin} refuses the login.`);
  }
  if (response.status === 429)
    throw new UpstreamError('busy', `The upstream ${origin} gives no more tokens for now.`, 10);
  if (response.status !== 200) {
    throw new UpstreamError('unavailable', `The upstream ${origin} gives no token: ${response.status}.`);
  }
  return readToken(body, origin, clock.now());
}

function readToken(body: Buffer, origin: string, now: number): Authorization {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined;
  }
  const { data } = tokenSchema.safeParse(value);
  const token = data?.token || data?.access_token;
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new UpstreamError('unavailable', `The upstream ${origin} gives a token that is none.`);
  }
  const lifeMs = Math.min((data?.expires_in ?? 60) * 1_000, longestMs);
  return { header: `Bearer ${token}`, expiresAt: now + lifeMs - earlyMs };
}

/** Answers a 401 of the upstream itself. Throws `UpstreamError`. */
export async function authorize(asked: LoginRequest, header: string | undefined): Promise<Authorization> {
  const challenges = readChallenges(header);
  const bearer = challenges.find((each) => each.scheme === 'bearer');
  if (bearer) return fetchToken(asked, bearer.parameters);
  if (challenges.some((each) => each.scheme === 'basic') && asked.login) {
    return { header: basic(asked.login), expiresAt: asked.clock.now() + basicMs };
  }
  throw new UpstreamError('denied', `The upstream ${asked.origin} wants a login, and the rule has none that fits.`);
}
