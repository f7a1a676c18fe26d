// Registry tokens: JWTs (RFC 7519) under HS256 with a key of the server alone. The two uses, password and bearer, differ
// in `typ` and `aud`, so that one never passes for the other (RFC 8725 §3.11, §3.12). The header may hold `alg` and
// `typ` and nothing else: no key is ever taken from a token (CVE-2025-24976).
import type { KeyObject } from 'node:crypto';
import type { Principal } from '@longshore/aws';
import type { Clock } from '@longshore/base';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { RegistryCredential, RegistryTokens, TokenScope } from './types.ts';

const issuer = 'longshore';
const longestToken = 4096;
const mostScopes = 32;
/** How far replicas' clocks may differ, in seconds. */
const clockTolerance = 5;
/** Verified tokens that are remembered: a client sends the same one with many requests. */
const mostRemembered = 2_000;

interface Use {
  readonly typ: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
}

const password: Use = {
  typ: 'longshore-password+jwt',
  audience: 'longshore:registry:password',
  lifetimeSeconds: 12 * 60 * 60,
};
const bearer: Use = { typ: 'longshore-bearer+jwt', audience: 'longshore:registry:bearer', lifetimeSeconds: 15 * 60 };

const scopesSchema = z
  .array(
    z.strictObject({
      type: z.string().min(1).max(64),
      name: z.string().max(512),
      actions: z.array(z.string().max(32)).max(8),
    }),
  )
  .max(mostScopes);

const claimsSchema = z.object({
  sub: z.string().max(128),
  account: z.string().regex(/^[0-9]{12}$/),
  exp: z.number(),
  nbf: z.number(),
  iat: z.number(),
  access: scopesSchema.optional(),
});

type Claims = z.infer<typeof claimsSchema>;

export interface RegistryTokensOptions {
  readonly clock: Clock;
  readonly signingKey: () => Promise<KeyObject>;
  /** The principal of a user id (account id for root) if it is still there and active. */
  readonly principalOf: (userId: string) => Promise<Principal | undefined>;
}

function headerIsExact(token: string, use: Use): boolean {
  const header = decodeProtectedHeader(token);
  return Object.keys(header).length === 2 && header.alg === 'HS256' && header.typ === use.typ;
}

/** The claims of a token that is sound in itself, or undefined. */
async function readToken(token: string, use: Use, options: RegistryTokensOptions): Promise<JWTPayload | undefined> {
  if (token.length > longestToken) return undefined;
  try {
    if (!headerIsExact(token, use)) return undefined;
    const { payload } = await jwtVerify(token, await options.signingKey(), {
      algorithms: ['HS256'],
      typ: use.typ,
      audience: use.audience,
      issuer,
      requiredClaims: ['sub', 'iat', 'nbf', 'exp'],
      maxTokenAge: use.lifetimeSeconds,
      clockTolerance,
      currentDate: new Date(options.clock.now()),
    });
    return payload;
  } catch (error) {
    // TypeError is jose's word for text that is no JWT at all.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Whether a token that was sound once is still in its time (RFC 7519 §4.1.4, §4.1.5), as `readToken` decides it. */
function isCurrent({ exp, nbf, iat }: Claims, use: Use, nowMs: number): boolean {
  const now = Math.floor(nowMs / 1000);
  const age = now - iat;
  return (
    exp > now - clockTolerance &&
    nbf <= now + clockTolerance &&
    age <= use.lifetimeSeconds + clockTolerance &&
    age >= -clockTolerance
  );
}

/**
 * Reads tokens and remembers the claims of good ones: the signature and everything else that never changes is verified
 * once, the time at every call. What was refused is not remembered.
 */
function createClaimsReader(use: Use, options: RegistryTokensOptions): (token: string) => Promise<Claims | undefined> {
  const remembered = new Map<string, Claims>();
  return async (token) => {
    if (token.length > longestToken) return undefined;
    const known = remembered.get(token);
    if (known) {
      if (isCurrent(known, use, options.clock.now())) return known;
      remembered.delete(token);
    }
    const { data: claims } = claimsSchema.safeParse(await readToken(token, use, options));
    // A bearer token without a list of scopes would be unbounded; a password with one is not ours.
    if (!claims || (claims.access === undefined) !== (use === password)) return undefined;
    if (remembered.size >= mostRemembered) for (const oldest of remembered.keys()) if (remembered.delete(oldest)) break;
    remembered.set(token, claims);
    return claims;
  };
}

export function createRegistryTokens(options: RegistryTokensOptions): RegistryTokens {
  const readPassword = createClaimsReader(password, options);
  const readBearer = createClaimsReader(bearer, options);

  async function issue(use: Use, principal: Principal, scopes: readonly TokenScope[] | undefined) {
    const now = Math.floor(options.clock.now() / 1000);
    const expires = now + use.lifetimeSeconds;
    const token = await new SignJWT({ account: principal.account, ...(scopes && { access: scopes }) })
      .setProtectedHeader({ alg: 'HS256', typ: use.typ })
      .setIssuer(issuer)
      .setAudience(use.audience)
      .setSubject(principal.userId)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expires)
      .sign(await options.signingKey());
    if (token.length > longestToken) throw new RangeError(`The token would have more than ${longestToken} bytes.`);
    return { token, expiresAt: expires * 1000 };
  }

  async function verify(claims: Claims | undefined): Promise<RegistryCredential | undefined> {
    if (!claims) return undefined;
    const { sub, account, exp, access } = claims;
    // The principal comes from the store, not from the token: a deleted user's token is void, also if a user of the same
    // name was made since, for that one has another id.
    const principal = await options.principalOf(sub);
    if (!principal || principal.account !== account) return undefined;
    return { principal, expiresAt: exp * 1000, ...(access && { scopes: access }) };
  }

  return {
    issuePassword: (principal) => issue(password, principal, undefined),
    async issueBearer(principal, scopes) {
      const checked = scopesSchema.safeParse(scopes);
      if (!checked.success) throw new RangeError(`A token has at most ${mostScopes} scopes of bounded length.`);
      return issue(bearer, principal, checked.data);
    },
    verifyPassword: async (token) => verify(await readPassword(token)),
    verifyBearer: async (token) => verify(await readBearer(token)),
  };
}
