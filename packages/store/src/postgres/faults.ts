// What an error of PostgreSQL means to the store (https://www.postgresql.org/docs/current/errcodes-appendix.html).
import pg from 'pg';
import { StoreError } from '../errors.ts';

export type Meaning = 'race' | 'again' | 'lost' | 'refused';

const races = new Set(['23505', '23503', '23001']); // unique, foreign key, restrict
const again = new Set(['40001', '40P01']); // serialization failure, deadlock

/**
 * `race`: a unique or foreign key. `again`: the transaction ran into another and may simply be repeated.
 * `lost`: the connection ended. `refused`: the statement is wrong.
 */
export function meaningOf(error: unknown): Meaning {
  if (error instanceof StoreError) return 'refused'; // a value that cannot be read exactly (values.ts)
  if (!(error instanceof pg.DatabaseError)) return 'lost';
  const code = error.code ?? '';
  if (races.has(code)) return 'race';
  if (again.has(code)) return 'again';
  // Class 08 is connection trouble; 57P01…57P05 say that the server ends the session.
  return code.startsWith('08') || code.startsWith('57P') ? 'lost' : 'refused';
}
