// The stores that whole-system tests run on: SQLite always, PostgreSQL where LONGSHORE_TEST_POSTGRES_URL names a server
// (script/test starts one).
import { randomBytes } from 'node:crypto';
import { run } from './command.ts';

export interface TestStore {
  readonly name: 'sqlite' | 'postgres';
  /** A URL of an empty store of its own; undefined = SQLite in the data folder. */
  create(): Promise<{ readonly url: string | undefined; drop(): Promise<void> }>;
}

const server = process.env.LONGSHORE_TEST_POSTGRES_URL;

const sqlite: TestStore = { name: 'sqlite', create: async () => ({ url: undefined, drop: async () => undefined }) };

function postgres(serverUrl: string): TestStore {
  return {
    name: 'postgres',
    async create() {
      const database = `longshore_${randomBytes(6).toString('hex')}`;
      await run('psql', ['-q', serverUrl, '-c', `CREATE DATABASE ${database}`]);
      const url = new URL(serverUrl);
      url.pathname = `/${database}`;
      return {
        url: url.href,
        drop: async () => void (await run('psql', ['-q', serverUrl, '-c', `DROP DATABASE ${database} WITH (FORCE)`])),
      };
    },
  };
}

export const systemStores: readonly TestStore[] = server ? [sqlite, postgres(server)] : [sqlite];
