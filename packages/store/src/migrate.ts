// Migrations: each is applied once, in one transaction with its line in the ledger.
import { digestOf, UserError } from '@longshore/base';
import { type Sql, sql } from './sql.ts';
import type { Migration, Row, Store } from './types.ts';

const ledgerTable = `CREATE TABLE IF NOT EXISTS store_migrations (
  id KEY PRIMARY KEY, checksum KEY NOT NULL, applied_ms BIGINT NOT NULL)`;

interface LedgerRow extends Row {
  id: string;
  checksum: string;
}

/** Spaces do not count, so that a migration may be laid out anew. */
function checksumOf(migration: Migration): string {
  return digestOf(JSON.stringify(migration.statements.map((s) => s.replace(/\s+/g, ' ').trim())));
}

function checkIds(migrations: readonly Migration[]): void {
  const seen = new Set<string>();
  for (const { id } of migrations) {
    if (!/^[a-z][a-z0-9-]*\/\d{3}-[a-z0-9-]+$/.test(id)) throw new TypeError(`Not a migration's id: ${id}`);
    if (seen.has(id)) throw new TypeError(`Two migrations are called ${id}`);
    seen.add(id);
  }
}

function checkLedger(ledger: readonly LedgerRow[], migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((m) => [m.id, m]));
  const unknown = ledger.filter((row) => !known.has(row.id)).map((row) => row.id);
  if (unknown.length > 0) {
    throw new UserError(
      `The database was changed by a newer version of this program (${unknown.join(', ')}).`,
      'Run that version or a later one, or restore the backup made before the upgrade.',
    );
  }
  for (const row of ledger) {
    const migration = known.get(row.id);
    if (migration && checksumOf(migration) !== row.checksum) {
      throw new UserError(
        `The migration ${row.id} is not the one that this database was made with.`,
        'Migrations that were released never change: put the change into a new one. During development, use a fresh data folder.',
      );
    }
  }
}

const raw = (text: string): Sql => ({ text, params: [] });

/**
 * Applies what is missing, in the given order. The caller sees to it that no other process does the same meanwhile.
 * Throws UserError if the database has migrations that are unknown or differ.
 */
export async function applyMigrations(
  store: Pick<Store, 'all' | 'write'>,
  migrations: readonly Migration[],
  translate: (statement: string) => string,
): Promise<void> {
  checkIds(migrations);
  await store.write([{ sql: raw(translate(ledgerTable)) }]);
  const ledger = await store.all<LedgerRow>(sql`SELECT id, checksum FROM store_migrations ORDER BY id`);
  checkLedger(ledger, migrations);
  const applied = new Set(ledger.map((row) => row.id));
  for (const migration of migrations) {
    if (applied.has(migration.id)) continue;
    await store.write([
      { sql: sql`INSERT INTO store_migrations VALUES (${migration.id}, ${checksumOf(migration)}, ${Date.now()})` },
      ...migration.statements.map((statement) => ({ sql: raw(translate(statement)) })),
    ]);
  }
}
