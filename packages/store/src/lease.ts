// Leases: which of several replicas does the work that only one may do. A row, changed by compare-and-set.
import type { Clock } from '@longshore/base';
import { sql } from './sql.ts';
import type { Step, Store } from './types.ts';

export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** When it ends unless it is taken again, in milliseconds since the epoch, by the holder's clock. */
  readonly expires: number;
  /** Grows each time the lease changes hands; a former holder is told by it. */
  readonly term: number;
}

/**
 * Takes the lease `name` for `ttlMs` milliseconds, or prolongs it if `holder` has it. Undefined if another holds it.
 * Clocks of replicas must agree within a small part of `ttlMs`; `holdsLease` keeps writes safe even when they do not.
 */
export async function acquireLease(
  store: Store,
  name: string,
  holder: string,
  ttlMs: number,
  clock: Clock,
): Promise<Lease | undefined> {
  const now = clock.now();
  const expires = now + ttlMs;
  const [result] = await store.write([
    {
      sql: sql`INSERT INTO store_leases (name, holder, expires, term) VALUES (${name}, ${holder}, ${expires}, 1)
        ON CONFLICT (name) DO UPDATE SET
          holder = excluded.holder,
          expires = excluded.expires,
          term = store_leases.term + CASE WHEN store_leases.holder = excluded.holder THEN 0 ELSE 1 END
        WHERE store_leases.holder = excluded.holder OR store_leases.expires <= ${now}
        RETURNING term`,
    },
  ]);
  const row = result?.rows[0];
  return row ? { name, holder, expires, term: Number(row['term']) } : undefined;
}

/** A step that fails the write unless `lease` is still in its holder's hands: the fence of a singleton's writes. */
export function holdsLease(lease: Lease): Step {
  return {
    sql: sql`UPDATE store_leases SET term = term
      WHERE name = ${lease.name} AND holder = ${lease.holder} AND term = ${lease.term}`,
    expect: 1,
    otherwise: () => new Error(`The lease ${lease.name} is no longer held by ${lease.holder}.`),
  };
}

/** Gives the lease back, so that another need not wait for its end. Nothing happens if it was lost already. */
export async function releaseLease(store: Store, lease: Lease): Promise<void> {
  await store.write([
    {
      sql: sql`UPDATE store_leases SET expires = 0
        WHERE name = ${lease.name} AND holder = ${lease.holder} AND term = ${lease.term}`,
    },
  ]);
}
