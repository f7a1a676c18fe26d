// The store on PostgreSQL: a pool of connections, one transaction a write.
import { backoffDelay, errorText, type Logger, systemClock, UserError } from '@longshore/base';
import pg from 'pg';
import { translateForPostgres } from '../dialect.ts';
import { StoreError } from '../errors.ts';
import { applyMigrations } from '../migrate.ts';
import type { Sql } from '../sql.ts';
import {
  ConflictError,
  type Migration,
  type Row,
  type Step,
  type StepResult,
  type Store,
  type View,
} from '../types.ts';
import { updateWith } from '../update.ts';
import { meaningOf } from './faults.ts';
import { statementTranslator } from './statement.ts';
import { applySteps, Collision } from './transaction.ts';
import { valueTypes } from './values.ts';

const waitingLimit = 20_000;
const collisionLimit = 12;
const oldestVersion = 130_000;
// 'longshore' in the key space of advisory locks, which all users of a database share.
const migrationLock = '7811887395571';

function makePool(url: string, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'longshore',
    max: 12,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000,
    types: valueTypes,
    pipeline: true,
  });
  const note = (error: Error) => {
    if (!pool.ending) log.warn({ detail: errorText(error) }, 'a connection to PostgreSQL was lost');
  };
  // An 'error' that nobody listens to ends the process. The pool listens only while a connection is idle.
  pool.on('error', note);
  pool.on('connect', (client) => client.on('error', note));
  return pool;
}

/** Throws UserError if the server cannot be reached or cannot hold a store. */
async function checkServer(pool: pg.Pool, log: Logger): Promise<void> {
  const { rows } = await pool
    .query<{ standby: number; version: string; encoding: string; commit: string }>(
      `SELECT pg_is_in_recovery() AS standby, current_setting('server_version_num') AS version,
        current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS commit`,
    )
    .catch((error: unknown) => {
      throw new UserError(
        `PostgreSQL cannot be used: ${errorText(error)}.`,
        'Check the host, the user, the password and the name of the database in the URL.',
      );
    });
  const [server] = rows;
  if (!server) throw new UserError('PostgreSQL gave no answer about itself.');
  if (server.standby === 1)
    throw new UserError('This PostgreSQL is a standby and takes no writes.', 'Name the primary.');
  if (Number(server.version) < oldestVersion) throw new UserError('PostgreSQL 13 or later is needed.');
  if (server.encoding !== 'UTF8') throw new UserError(`The database's encoding is ${server.encoding}; UTF8 is needed.`);
  if (server.commit === 'off')
    log.warn({}, 'synchronous_commit is off: a crash of PostgreSQL may lose acknowledged writes');
}

/** The caller may reuse a buffer as soon as `write` has returned; the steps may be sent later, and more than once. */
function withOwnBytes(step: Step): Step {
  const params = step.sql.params.map((value) => (value instanceof Uint8Array ? new Uint8Array(value) : value));
  return { ...step, sql: { text: step.sql.text, params } };
}

function readError(error: unknown): Error {
  if (error instanceof StoreError || error instanceof TypeError) return error;
  return new StoreError(meaningOf(error) === 'lost' ? 'unavailable' : 'refused', errorText(error));
}

/** Opens the store at `url` (postgres://…). Throws UserError if it cannot be reached or is not fit. */
export async function openPostgresStore(url: string, log: Logger): Promise<Store> {
  const pool = makePool(url, log);
  const translate = statementTranslator();
  const active = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  try {
    await checkServer(pool, log);
  } catch (error) {
    await pool.end();
    throw error;
  }

  /** Everything goes through here, so that `close` can wait for it. */
  async function whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreError('closed');
    const working = work();
    active.add(working);
    try {
      return await working;
    } finally {
      active.delete(working);
    }
  }

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (pool.waitingCount >= waitingLimit) throw new StoreError('busy');
    const client = await pool.connect().catch((error: unknown) => {
      throw new StoreError('unavailable', errorText(error));
    });
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      // A connection that failed is not used again.
      client.release(error instanceof StoreError && error.fault !== 'refused');
      throw error;
    }
  }

  async function readOn(client: pg.PoolClient, query: Sql): Promise<Row[]> {
    try {
      return (await client.query<Row>(translate(query))).rows;
    } catch (error) {
      throw readError(error);
    }
  }

  /** A read does nothing, so one that met a dying connection is made once more on another. */
  const all = (query: Sql) =>
    whileOpen(async () => {
      const read = () => withClient((client) => readOn(client, query));
      return read().catch((error: unknown) => {
        if (error instanceof StoreError && error.fault === 'unavailable') return read();
        throw error;
      });
    });
  const view: View = {
    all: async <T extends object = Row>(query: Sql) => (await all(query)) as T[],
    get: async <T extends object = Row>(query: Sql) => (await all(query))[0] as T | undefined,
  };

  async function apply(steps: readonly Step[]): Promise<readonly StepResult[]> {
    for (let collisions = 0; ; collisions++) {
      try {
        return await withClient((client) => applySteps(client, steps, translate));
      } catch (error) {
        if (!(error instanceof Collision)) throw error;
        if (collisions >= collisionLimit) throw new ConflictError(-1, errorText(error));
      }
      await systemClock.sleep(Math.random() * backoffDelay(collisions, { initialMs: 2, maxMs: 200 }));
    }
  }

  async function write(steps: readonly Step[]): Promise<readonly StepResult[]> {
    if (steps.length === 0) return [];
    const mine = steps.map(withOwnBytes);
    return whileOpen(() => apply(mine));
  }

  /** Many replicas may start at once: one migrates, the others wait and then find everything done. */
  function migrateAlone(migrations: readonly Migration[]): Promise<void> {
    return withClient(async (client) => {
      await client.query('SET statement_timeout = 0');
      await client.query(`SELECT pg_advisory_lock(${migrationLock})`);
      try {
        const all = async <T extends object = Row>(query: Sql) => (await readOn(client, query)) as T[];
        const target = { all, write: (steps: readonly Step[]) => applySteps(client, steps, translate) };
        await applyMigrations(target, migrations, translateForPostgres);
      } finally {
        // If the connection is gone, so is the lock.
        await Promise.allSettled([
          client.query(`SELECT pg_advisory_unlock(${migrationLock})`),
          client.query('RESET statement_timeout'),
        ]);
      }
    });
  }

  return Object.freeze({
    kind: 'postgres' as const,
    revision: () => undefined,
    ...view,
    write,
    update: updateWith(view, write),
    migrate: (migrations: readonly Migration[]) => whileOpen(() => migrateAlone(migrations)),
    close() {
      closed ??= Promise.allSettled(active).then(() => pool.end());
      return closed;
    },
  });
}
