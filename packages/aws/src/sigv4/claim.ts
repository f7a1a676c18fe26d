// What a request says about its own signature: read from the Authorization header or from a presigned query, strictly,
// before anything is believed. Nothing here needs a secret.
import { WireError } from '../errors.ts';
import type { WireRequest } from '../types.ts';
import { algorithm, type Scope, splitTarget, terminator } from './canonical.ts';
import { parseTimestamp } from './timestamp.ts';

/** A request's claim to be signed. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** Lower case, ascending, no name twice. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As sent: `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  readonly signedAt: number;
  /** Only of presigned requests: how long they are good for. */
  readonly validForMs?: number | undefined;
  readonly sessionToken?: string | undefined;
  /** The body's hash as the client declares it, if it does. */
  readonly contentSha256?: string | undefined;
}

const maxUrlLength = 16_384;
const maxAuthorizationLength = 8192;
const maxSignedHeaders = 100;
const maxPresignedSeconds = 7 * 24 * 3600;

/** The claim in `request`. Throws MissingAuthenticationToken if there is none and IncompleteSignature if it is malformed. */
export function readClaim(request: WireRequest): SignatureClaim {
  if (request.url.length > maxUrlLength) throw incomplete(`The URL is longer than ${maxUrlLength} characters.`);
  if (!/^[\x21-\x7e]*$/.test(request.url)) throw incomplete('The URL must be percent-encoded ASCII.');
  const presigned = presignedParameters(splitTarget(request.url).query);
  const authorization = singleHeader(request, 'authorization');
  if (authorization !== undefined && presigned.size > 0) {
    throw incomplete('Only one authentication mechanism is allowed: the Authorization header or the query.');
  }
  if (authorization !== undefined) return headerClaim(request, authorization);
  if (presigned.size > 0) return presignedClaim(presigned);
  throw new WireError('missingToken', 'Missing Authentication Token');
}

/** A header that may be there once. */
export function singleHeader(request: WireRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined || typeof value === 'string') return value;
  if (value.length > 1) throw incomplete(`The header ${name} is there ${value.length} times.`);
  return value[0];
}

function headerClaim(request: WireRequest, authorization: string): SignatureClaim {
  if (authorization.length > maxAuthorizationLength) throw incomplete('The Authorization header is too long.');
  const space = authorization.indexOf(' ');
  if (authorization.slice(0, space) !== algorithm) {
    throw incomplete(`The Authorization header must begin with '${algorithm} '.`);
  }
  const fields = new Map<string, string>();
  for (const part of authorization.slice(space + 1).split(',')) {
    const mark = part.indexOf('=');
    const name = part.slice(0, Math.max(mark, 0)).trim();
    if (fields.has(name)) throw incomplete(`The Authorization header has '${name}' twice.`);
    fields.set(name, part.slice(mark + 1).trim());
  }
  const field = (name: string) => {
    const value = fields.get(name);
    if (!value) throw incomplete(`Authorization header requires '${name}' parameter.`);
    return value;
  };
  const credential = field('Credential');
  const signature = field('Signature');
  const signedHeaders = field('SignedHeaders');
  if (fields.size > 3)
    throw incomplete('The Authorization header has parts beyond Credential, SignedHeaders, Signature.');
  const timestamp = singleHeader(request, 'x-amz-date');
  if (timestamp === undefined) throw incomplete("Authorization header requires existence of a 'X-Amz-Date' header.");
  return {
    ...parseCredential(credential),
    signedHeaders: parseSignedHeaders(signedHeaders),
    signature: parseSignature(signature),
    ...parseDate(timestamp),
    sessionToken: singleHeader(request, 'x-amz-security-token'),
    contentSha256: singleHeader(request, 'x-amz-content-sha256'),
  };
}

function presignedClaim(parameters: ReadonlyMap<string, string>): SignatureClaim {
  const parameter = (name: string) => {
    const value = parameters.get(name);
    if (!value) throw incomplete(`A presigned request requires the '${name}' parameter.`);
    return value;
  };
  if (parameter('X-Amz-Algorithm') !== algorithm) throw incomplete(`X-Amz-Algorithm must be ${algorithm}.`);
  const expires = parameter('X-Amz-Expires');
  const seconds = /^\d{1,7}$/.test(expires) ? Number(expires) : Number.NaN;
  if (!(seconds >= 1 && seconds <= maxPresignedSeconds)) {
    throw incomplete(`X-Amz-Expires must be between 1 and ${maxPresignedSeconds} seconds.`);
  }
  return {
    ...parseCredential(parameter('X-Amz-Credential')),
    signedHeaders: parseSignedHeaders(parameter('X-Amz-SignedHeaders')),
    signature: parseSignature(parameter('X-Amz-Signature')),
    ...parseDate(parameter('X-Amz-Date')),
    validForMs: seconds * 1000,
    sessionToken: parameters.get('X-Amz-Security-Token'),
    contentSha256: parameters.get('X-Amz-Content-Sha256'),
  };
}

/** The `X-Amz-…` parameters of a query, decoded. Their names are recognised whatever their case or encoding, so that
 * none can hide; one that is there twice is refused. */
function presignedParameters(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!/x-amz-|%/i.test(query)) return found;
  for (const part of query.split('&')) {
    const mark = part.indexOf('=');
    const name = decode(mark < 0 ? part : part.slice(0, mark));
    if (!name.toLowerCase().startsWith('x-amz-')) continue;
    if (found.has(name)) throw incomplete(`The parameter ${name} is there twice.`);
    found.set(name, decode(mark < 0 ? '' : part.slice(mark + 1)));
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw incomplete('The query is not properly percent-encoded.');
  }
}

function parseCredential(text: string): Pick<SignatureClaim, 'accessKeyId' | 'scope'> {
  const [accessKeyId, date, region, service, end, ...rest] = text.split('/');
  if (!accessKeyId || !date || !region || !service || end === undefined || rest.length > 0) {
    throw incomplete(
      `Credential must have exactly 5 slash-delimited elements, like keyid/date/region/service/${terminator}.`,
    );
  }
  if (!/^\w{3,128}$/.test(accessKeyId)) throw new WireError('unrecognizedClient', invalidToken);
  if (end !== terminator) throw invalid(`Credential should be scoped with a valid terminator: '${terminator}'.`);
  return { accessKeyId, scope: { date, region, service } };
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';');
  const sorted = names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);
  if (!sorted || names.length > maxSignedHeaders || names.some((name) => !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))) {
    throw incomplete(
      'SignedHeaders must be lower-case header names in ascending order, each once, joined by semicolons.',
    );
  }
  return names;
}

function parseSignature(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw incomplete('Signature must be 64 lower-case hexadecimal digits.');
  return text;
}

function parseDate(timestamp: string): Pick<SignatureClaim, 'timestamp' | 'signedAt'> {
  const signedAt = parseTimestamp(timestamp);
  if (signedAt === undefined) throw incomplete("Date must be in ISO-8601 'basic format', like 20150830T123600Z.");
  return { timestamp, signedAt };
}

export const invalidToken = 'The security token included in the request is invalid.';

function incomplete(message: string): WireError {
  return new WireError('incompleteSignature', message);
}

export function invalid(message: string): WireError {
  return new WireError('invalidSignature', message);
}
