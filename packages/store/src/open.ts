// Which back end a URL means.
import { type Logger, UserError } from '@longshore/base';
import type { Store } from './types.ts';

export interface OpenStoreOptions {
  /** `sqlite:/path/to/file.db` or `postgres://user:password@host:port/database`. */
  readonly url: string;
  readonly log: Logger;
}

/**
 * Opens the store. Throws UserError if the URL is of neither kind, the database cannot be opened or reached, or another
 * process has the SQLite file open.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { url, log } = options;
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length) {
    const { openSqliteStore } = await import('./sqlite/store.ts');
    return openSqliteStore(url.slice('sqlite:'.length), log);
  }
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    // Imported only here: `pg` is not loaded by those who do not use it.
    const { openPostgresStore } = await import('./postgres/store.ts');
    return openPostgresStore(url, log);
  }
  // The URL may hold a password: only its scheme is repeated.
  throw new UserError(
    `A store's URL starts with sqlite: or postgres://, not with "${url.split(':')[0] ?? ''}:".`,
    'For example: sqlite:/var/lib/longshore/longshore.db',
  );
}
