// What only PostgreSQL can do to a store: connections die, values are wider, transactions collide.
import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { type Logger, silentLogger, UserError } from '@longshore/base';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { StoreError } from '../errors.ts';
import { openStore } from '../open.ts';
import { sql } from '../sql.ts';
import { type TestStore, testStores } from '../testing.ts';
import type { Step } from '../types.ts';
import { meaningOf } from './faults.ts';
import { valueTypes } from './values.ts';

const table = [{ id: 't/001-t', statements: ['CREATE TABLE t (id KEY PRIMARY KEY, n BIGINT NOT NULL)'] }];
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const insert = (id: string): Step => ({ sql: sql`INSERT INTO t VALUES (${id}, ${1})`, expect: 1 });

/** A cable that can be cut: at once, or when the client has just sent `word` (which the server still gets). */
async function cable(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const state: { word: string | undefined } = { word: undefined };
  const server = createServer((client) => {
    const upstream = dial(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on('data', (chunk) => client.write(chunk));
    client.on('data', (chunk) => {
      const cut = state.word !== undefined && chunk.includes(state.word);
      upstream.write(chunk, () => {
        if (cut) client.destroy();
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.port = String((server.address() as { port: number }).port);
  return {
    url: through.href,
    cutAfter(word: string | undefined) {
      state.word = word;
    },
    cutNow() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('an error of PostgreSQL', () => {
  const databaseError = (code: string) => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code });
  it.each([
    ['23505', 'race'],
    ['23503', 'race'],
    ['40001', 'again'],
    ['40P01', 'again'],
    ['57P01', 'lost'],
    ['08006', 'lost'],
    ['42P01', 'refused'],
    ['23502', 'refused'],
  ])('%s means %s', (code, meaning) => {
    expect(meaningOf(databaseError(code))).toBe(meaning);
  });
  it('that is none means a lost connection', () => {
    expect(meaningOf(new Error('ECONNRESET'))).toBe('lost');
  });
});

describe('a value of PostgreSQL', () => {
  const parse = (type: number, text: string): unknown => valueTypes.getTypeParser(type, 'text')(text);
  it('is one of the four kinds', () => {
    expect([parse(16, 't'), parse(16, 'f')]).toEqual([1, 0]);
    expect(parse(17, '\\x00ff')).toEqual(new Uint8Array([0, 255]));
    expect(parse(20, '-9007199254740991')).toBe(-9007199254740991);
    expect([parse(1700, '12'), parse(1700, '3.5')]).toEqual([12, 3.5]);
    expect([parse(23, '7'), parse(701, '1e300'), parse(25, 'text')]).toEqual([7, 1e300, 'text']);
  });
  it('is refused when a number cannot hold it', () => {
    expect(() => parse(20, '9007199254740993')).toThrow(StoreError);
    expect(() => parse(1700, '9223372036854775808')).toThrow(StoreError);
  });
});

it('says that a server cannot be reached, without the password', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const error = await rejection(openStore({ url: `postgres://me:hunter2@127.0.0.1:${port}/x`, log: silentLogger }));
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain('ECONNREFUSED');
  expect(String(error)).not.toContain('hunter2');
});

for (const backEnd of testStores().filter((each) => each.name === 'postgres')) {
  describe('a store on a real PostgreSQL', () => {
    const withStore = async (work: (opened: TestStore) => Promise<void>) => {
      const opened = await backEnd.open(table);
      try {
        await work(opened);
      } finally {
        await opened.close();
      }
    };

    it('survives the death of its idle connections', () =>
      withStore(async ({ store, url }) => {
        const wire = await cable(url);
        const warn = vi.fn<Logger['warn']>();
        const through = await openStore({ url: wire.url, log: { ...silentLogger, warn } });
        await Promise.all(Array.from({ length: 8 }, () => through.all(sql`SELECT COUNT(*) AS n FROM t`)));
        wire.cutNow();
        expect(await through.all(sql`SELECT COUNT(*) AS n FROM t`)).toEqual([{ n: 0 }]);
        await through.write([insert('after the cut')]);
        const killed = await store.all(sql`SELECT pg_terminate_backend(pid) AS gone FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'longshore'`);
        expect(killed.length).toBeGreaterThan(0);
        await vi.waitFor(async () =>
          expect(await through.write([{ ...insert('n'), sql: sql`UPDATE t SET n = n + 1` }])).toHaveLength(1),
        );
        expect(await through.get(sql`SELECT n FROM t`)).toEqual({ n: 2 });
        expect(warn).toHaveBeenCalled();
        await through.close();
        await wire.close();
      }));

    it('says that the outcome is unknown when the connection is lost during the COMMIT', () =>
      withStore(async ({ store, url }) => {
        const wire = await cable(url);
        const through = await openStore({ url: wire.url, log: silentLogger });
        wire.cutAfter('COMMIT');
        for (const step of [insert('two trips'), { sql: insert('one trip').sql }]) {
          expect(await rejection(through.write([step]))).toMatchObject({
            name: 'StoreError',
            fault: 'unknown-outcome',
          });
        }
        wire.cutAfter('UPDATE');
        const update: Step = { sql: sql`UPDATE t SET n = 5`, expect: 99 };
        expect(await rejection(through.write([update]))).toMatchObject({ name: 'StoreError', fault: 'unavailable' });
        wire.cutAfter(undefined);
        await through.write([insert('afterwards')]);
        expect(await store.all(sql`SELECT id FROM t WHERE n = 5`)).toEqual([]);
        await through.close();
        await wire.close();
      }));

    it('repeats transactions that collide, in whatever order they lock', () =>
      withStore(async ({ store }) => {
        await store.write([insert('a'), insert('b')]);
        const bump = (id: string): Step => ({ sql: sql`UPDATE t SET n = n + 1 WHERE id = ${id}`, expect: 1 });
        await Promise.all(
          Array.from({ length: 40 }, (_, i) => store.write(i % 2 ? [bump('a'), bump('b')] : [bump('b'), bump('a')])),
        );
        expect(await store.all(sql`SELECT n FROM t`)).toEqual([{ n: 41 }, { n: 41 }]);
      }));

    it('keeps values of rows out of its errors', () =>
      withStore(async ({ store }) => {
        const error = await rejection(
          store.write([{ sql: sql`INSERT INTO t (id, n) VALUES (${'hunter2'}, ${null})` }]),
        );
        expect(JSON.stringify([String(error), (error as Error).cause, { ...(error as object) }])).not.toContain(
          'hunter2',
        );
      }));
  });
}
