// Pages of lists by name: an opaque nextToken holds the last name of the page before and a fingerprint of the query, so that
// it cannot be carried to another one.
import { createHash } from 'node:crypto';
import { logErrors } from './errors.ts';

export interface Page {
  readonly limit: number;
  readonly after: string;
  readonly query: string;
}

export function fingerprint(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 16);
}

export function writeToken(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** The parts of a token that `writeToken` made for this query. Throws InvalidParameterException. */
export function readToken(token: string, query: string): unknown[] {
  if (token.length > 4096) throw logErrors.badToken();
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw logErrors.badToken();
  }
  if (!Array.isArray(parts) || parts[0] !== query) throw logErrors.badToken();
  return parts.slice(1);
}

/** Limit (1–50) and nextToken. */
export function readPage(
  input: { readonly limit?: number | undefined; readonly nextToken?: string | undefined },
  query: unknown,
): Page {
  const limit = input.limit ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 50) throw logErrors.invalid('limit must be between 1 and 50.');
  const bound = fingerprint(query);
  if (input.nextToken === undefined) return { limit, after: '', query: bound };
  const [after] = readToken(input.nextToken, bound);
  if (typeof after !== 'string') throw logErrors.badToken();
  return { limit, after, query: bound };
}

/** Cuts `items` (read beyond the limit where there are more) to the page, with the token of the next one. */
export function cutPage<T>(page: Page, items: readonly T[], key: (item: T) => string): { items: T[]; next?: string } {
  const kept = items.slice(0, page.limit);
  const last = kept.at(-1);
  if (items.length <= page.limit || last === undefined) return { items: kept };
  return { items: kept, next: writeToken([page.query, key(last)]) };
}
