// How PostgreSQL's values become the four kinds that a row may hold, the same as SQLite gives.
import pg from 'pg';
import { StoreError } from '../errors.ts';

function exactInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new StoreError('refused', `${text} is too large to be read exactly`);
  return value;
}

/** NUMERIC is what SUM of BIGINT gives. */
function numeric(text: string): number {
  return /^-?\d+$/.test(text) ? exactInteger(text) : Number(text);
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

// Type numbers: pg_type.dat in PostgreSQL's source.
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => (text === 't' ? 1 : 0), // bool
  17: bytes, // bytea, hex form
  20: exactInteger, // int8
  1700: numeric,
};

/** For `pg`'s `types` option. */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: ((id: number) => parsers[id] ?? pg.types.getTypeParser(id)) as typeof pg.types.getTypeParser,
};
