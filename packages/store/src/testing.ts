// Stores for tests: each `open` gives an empty database of its own, with the store's tables and the given migrations.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@longshore/base';
import { openStore } from './open.ts';
import { storeMigrations } from './schema.ts';
import type { Migration, Store } from './types.ts';

export interface TestStore {
  readonly store: Store;
  /** For tests that open it a second time; the database is gone after `close`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface TestBackEnd {
  readonly name: string;
  open(migrations: readonly Migration[]): Promise<TestStore>;
}

function withOwn(migrations: readonly Migration[]): readonly Migration[] {
  const given = new Set(migrations.map((m) => m.id));
  return [...storeMigrations.filter((m) => !given.has(m.id)), ...migrations];
}

async function openTestStore(
  url: string,
  migrations: readonly Migration[],
  drop: () => Promise<void>,
): Promise<TestStore> {
  const store = await openStore({ url, log: silentLogger });
  await store.migrate(withOwn(migrations));
  return {
    store,
    url,
    async close() {
      await store.close();
      await drop();
    },
  };
}

const sqlite: TestBackEnd = {
  name: 'sqlite',
  async open(migrations) {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-store-'));
    return openTestStore(`sqlite:${join(folder, 'test.db')}`, migrations, () => rm(folder, { recursive: true }));
  },
};

function postgres(serverUrl: string): TestBackEnd {
  return {
    name: 'postgres',
    async open(migrations) {
      const { createDatabase } = await import('./postgres/databases.ts');
      const database = await createDatabase(serverUrl);
      return openTestStore(database.url, migrations, () => database.drop());
    },
  };
}

/** SQLite always; PostgreSQL too when LONGSHORE_TEST_POSTGRES_URL names a server where databases may be made. */
export function testStores(): readonly TestBackEnd[] {
  const url = process.env['LONGSHORE_TEST_POSTGRES_URL'];
  return url ? [sqlite, postgres(url)] : [sqlite];
}
