// Paging: an opaque nextToken holds the last key of the page before, bound to the query by a fingerprint, so that it
// cannot be carried to another query.
import { createHash } from 'node:crypto';
import { ecsErrors, invalidParameter } from './errors.ts';

export interface Page {
  readonly limit: number;
  /** The last key of the page before; '' at the first page. */
  readonly after: string;
  /** What the token is bound to. */
  readonly query: string;
}

function fingerprint(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 16);
}

/** Reads maxResults (1–100) and nextToken. `query` is whatever the listing depends on. */
export function readPage(
  input: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
  query: unknown,
  defaultLimit = 100,
): Page {
  const limit = input.maxResults ?? defaultLimit;
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalidParameter('maxResults must be between 1 and 100.');
  const bound = fingerprint(query);
  if (input.nextToken === undefined || input.nextToken === '') return { limit, after: '', query: bound };
  if (input.nextToken.length > 2048) throw ecsErrors.badToken();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(input.nextToken, 'base64url').toString('utf8'));
  } catch {
    throw ecsErrors.badToken();
  }
  if (!Array.isArray(parsed) || parsed[0] !== bound || typeof parsed[1] !== 'string') throw ecsErrors.badToken();
  return { limit, after: parsed[1], query: bound };
}

/** Cuts `items` (read with `limit + 1`) to the page and makes the token of the next one. */
export function cutPage<T>(page: Page, items: readonly T[], key: (item: T) => string): { items: T[]; next?: string } {
  if (items.length <= page.limit) return { items: [...items] };
  const kept = items.slice(0, page.limit);
  const last = kept.at(-1);
  if (last === undefined) return { items: [] };
  const next = Buffer.from(JSON.stringify([page.query, key(last)]), 'utf8').toString('base64url');
  return { items: kept, next };
}
