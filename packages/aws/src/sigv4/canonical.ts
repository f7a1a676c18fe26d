// The canonical forms of Signature Version 4 («Create a signed AWS API request», steps 1 and 2), taken from the bytes on
// the wire: nothing is decoded into text on the way, so two different requests never have one form by accident.
import { hash } from 'node:crypto';

export const algorithm = 'AWS4-HMAC-SHA256';
export const terminator = 'aws4_request';

export interface Scope {
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export interface CanonicalParts {
  readonly method: string;
  /** Raw, as on the wire. */
  readonly path: string;
  /** Raw, without `?`. */
  readonly query: string;
  /** Lower-case names in ascending order, with their canonical values. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Hexadecimal SHA-256 of the body. */
  readonly payloadHash: string;
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/** Path and query of a request target. */
export function splitTarget(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

const unreserved = /^[A-Za-z0-9_.~-]*$/;

function escapeByte(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A query name or value in canonical encoding (RFC 3986, upper-case hex); undefined if a `%` is not followed by two digits. */
export function canonicalToken(raw: string): string | undefined {
  if (unreserved.test(raw)) return raw;
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return undefined;
  return raw.replace(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9_.~-]/g, (found, hex: string | undefined) => {
    const code = hex === undefined ? found.charCodeAt(0) : Number.parseInt(hex, 16);
    const char = String.fromCharCode(code);
    return unreserved.test(char) ? char : escapeByte(code);
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The sorted canonical query without the parameter named `leftOut`; undefined if it is malformed. */
export function canonicalQuery(query: string, leftOut?: string): string | undefined {
  const pairs: [string, string][] = [];
  // A bare plus is a blank, here as for those who read the query: so AWS takes it, and so Go's SDK signs it.
  for (const part of query.replaceAll('+', '%20').split('&')) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    const name = canonicalToken(mark < 0 ? part : part.slice(0, mark));
    const value = canonicalToken(mark < 0 ? '' : part.slice(mark + 1));
    if (name === undefined || value === undefined) return undefined;
    if (name !== leftOut) pairs.push([name, value]);
  }
  pairs.sort((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** The path encoded once more, as every service but S3 does; undefined if it holds `//`, `.` or `..` segments, which no
 * client of these APIs sends and which a router and a signature could read differently. */
export function canonicalPath(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const segments = path.slice(1).split('/');
  const last = segments.length - 1;
  if (segments.some((each, index) => each === '.' || each === '..' || (each === '' && index !== last))) {
    return undefined;
  }
  return path.replace(/[^A-Za-z0-9_.~/-]/g, (char) => escapeByte(char.charCodeAt(0)));
}

/** A header's value with outer blanks cut and inner runs of them made one; several lines are joined by commas. */
export function canonicalHeaderValue(value: string | readonly string[]): string {
  if (typeof value !== 'string') return value.map(canonicalHeaderValue).join(',');
  return value.trim().replace(/\s+/g, ' ');
}

/** The canonical request, or undefined if path or query are malformed. `X-Amz-Signature` of the query is left out. */
export function canonicalRequest(parts: CanonicalParts): string | undefined {
  const path = canonicalPath(parts.path);
  const query = canonicalQuery(parts.query, 'X-Amz-Signature');
  if (path === undefined || query === undefined) return undefined;
  const headers = parts.headers.map(([name, value]) => `${name}:${value}\n`).join('');
  const names = parts.headers.map(([name]) => name).join(';');
  return `${parts.method}\n${path}\n${query}\n${headers}\n${names}\n${parts.payloadHash}`;
}

/** `timestamp` is `YYYYMMDDTHHMMSSZ`. Node hands header bytes over as Latin-1, hence the encoding here. */
export function stringToSign(timestamp: string, scope: Scope, canonical: string): string {
  const digest = sha256Hex(Buffer.from(canonical, 'latin1'));
  return `${algorithm}\n${timestamp}\n${scope.date}/${scope.region}/${scope.service}/${terminator}\n${digest}`;
}
