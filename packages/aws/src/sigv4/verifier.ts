// Verifying Signature Version 4: who signed this very request, and just now?
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { Clock } from '@longshore/base';
import { WireError } from '../errors.ts';
import type { CredentialSource, Principal, WireRequest } from '../types.ts';
import {
  canonicalHeaderValue,
  canonicalRequest,
  type Scope,
  sha256Hex,
  splitTarget,
  stringToSign,
} from './canonical.ts';
import { invalid, invalidToken, readClaim, type SignatureClaim } from './claim.ts';
import { sameText, signatureOf, signingKeys } from './signing-key.ts';
import { formatTimestamp } from './timestamp.ts';

export interface VerifierOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly region: string;
  /** How far the caller's clock may be off, both ways. Default: 5 minutes. */
  readonly maxSkewMs?: number;
}

export interface VerifiedRequest {
  readonly principal: Principal;
  /** Unique to this request and second; what a replay would repeat. */
  readonly signature: string;
  readonly signedAt: number;
  /** The last moment at which this signature would be accepted. */
  readonly expiresAt: number;
  readonly scope: Scope;
}

export interface Verifier {
  /** Who signed `request`. Throws an `AwsError` in AWS's words for whatever is wrong with it. */
  verify(request: WireRequest): Promise<VerifiedRequest>;
}

/** Services that AWS has once for all regions: their clients sign for us-east-1 wherever they are. */
const globalServices: ReadonlySet<string> = new Set(['iam', 'sts']);

const mismatch =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/** A verifier for one region. It keeps up to 1,024 signing keys in memory. */
export function createVerifier(options: VerifierOptions): Verifier {
  const maxSkewMs = options.maxSkewMs ?? 5 * 60_000;
  const keys = signingKeys();
  const pepper = createSecretKey(randomBytes(32));

  function checkScope({ scope, timestamp }: SignatureClaim): void {
    if (scope.date !== timestamp.slice(0, 8)) {
      throw invalid(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${timestamp.slice(0, 8)}'.`,
      );
    }
    const elsewhere = globalServices.has(scope.service) && scope.region === 'us-east-1';
    if (scope.region !== options.region && !elsewhere) {
      throw invalid(`Credential should be scoped to a valid region: this server's region is '${options.region}'.`);
    }
  }

  /** Throws unless the claim is of now; returns the last moment of its validity. */
  function checkTime({ signedAt, timestamp, validForMs }: SignatureClaim): number {
    const now = options.clock.now();
    const minutes = `${maxSkewMs / 60_000} min`;
    if (signedAt - maxSkewMs > now) {
      const latest = formatTimestamp(now + maxSkewMs);
      throw invalid(
        `Signature not yet current: ${timestamp} is still later than ${latest} (${formatTimestamp(now)} + ${minutes}.)`,
      );
    }
    const expiresAt = signedAt + (validForMs ?? maxSkewMs);
    if (expiresAt < now) {
      const basis = validForMs === undefined ? ` (${formatTimestamp(now)} - ${minutes}.)` : '';
      const earliest = formatTimestamp(now - (validForMs ?? maxSkewMs));
      throw invalid(`Signature expired: ${timestamp} is now earlier than ${earliest}${basis}`);
    }
    return expiresAt;
  }

  return {
    async verify(request) {
      const claim = readClaim(request);
      checkScope(claim);
      const expiresAt = checkTime(claim);
      checkSignedHeaders(request, claim);
      const payloadHash = sha256Hex(request.body);
      if (claim.contentSha256 !== undefined && claim.contentSha256 !== payloadHash) {
        throw invalid("The value of 'x-amz-content-sha256' does not match the body. UNSIGNED-PAYLOAD is not accepted.");
      }
      const text = textOf(request, claim, payloadHash);
      const stored = await options.credentials.find(claim.accessKeyId);
      // An unknown key costs the same work as a known one, so that time does not tell whether it exists.
      const standIn = createHmac('sha256', pepper).update(claim.accessKeyId).digest('base64');
      const key = keys.keyFor(claim.accessKeyId, stored?.secretAccessKey ?? standIn, claim.scope);
      const genuine = sameText(signatureOf(key, text), claim.signature);
      if (!stored) throw new WireError('unrecognizedClient', invalidToken);
      if (!genuine) throw invalid(mismatch);
      if (!stored.active || !sameText(stored.sessionToken ?? '', claim.sessionToken ?? '')) {
        throw new WireError('unrecognizedClient', invalidToken);
      }
      return {
        principal: stored.principal,
        signature: claim.signature,
        signedAt: claim.signedAt,
        expiresAt,
        scope: claim.scope,
      };
    },
  };
}

/**
 * Throws unless the host, the date and every x-amz-* header are signed and every signed header is there. Content-Type need
 * not be signed (clients differ, and nothing is decided by it); the body always is, by its hash.
 */
function checkSignedHeaders(request: WireRequest, claim: SignatureClaim): void {
  const signed = new Set(claim.signedHeaders);
  if (!signed.has('host')) throw invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  for (const name of signed) {
    if (!Object.hasOwn(request.headers, name) || request.headers[name] === undefined)
      throw invalid(`The signed header '${name}' is not in the request.`);
  }
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && request.headers[name] !== undefined && !signed.has(name)) {
      throw invalid(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
}

function textOf(request: WireRequest, claim: SignatureClaim, payloadHash: string): string {
  const { path, query } = splitTarget(request.url);
  const headers = claim.signedHeaders.map((name) => [name, canonicalHeaderValue(request.headers[name] ?? '')] as const);
  const canonical = canonicalRequest({ method: request.method, path, query, headers, payloadHash });
  if (canonical === undefined) {
    throw new WireError(
      'incompleteSignature',
      "The path must be free of '.', '..' and empty segments, the query well encoded.",
    );
  }
  return stringToSign(claim.timestamp, claim.scope, canonical);
}
