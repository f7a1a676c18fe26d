// What every back end promises. One suite, run over all of them.
import { silentLogger, UserError } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ConflictError,
  type Migration,
  openStore,
  type Row,
  type Step,
  type Store,
  StoreError,
  sql,
  storeMigrations,
} from './index.ts';
import { openMemoryDatabase } from './memory.ts';
import { type TestBackEnd, type TestStore, testStores } from './testing.ts';

const migrations: readonly Migration[] = [
  {
    id: 'contract/001-things',
    statements: [
      'CREATE TABLE thing (id KEY PRIMARY KEY, version BIGINT NOT NULL, note TEXT, CHECK (version >= 0))',
      `CREATE TABLE part (
        id KEY PRIMARY KEY, thing KEY REFERENCES thing (id) ON DELETE RESTRICT, amount DOUBLE PRECISION, body BYTES)`,
      'CREATE UNIQUE INDEX thing_note ON thing (note)',
    ],
  },
];

const insert = (id: string, version = 1, note: string | null = null): Step => ({
  sql: sql`INSERT INTO thing (id, version, note) VALUES (${id}, ${version}, ${note})`,
});
const bump = (id: string, from: number): Step => ({
  sql: sql`UPDATE thing SET version = version + 1 WHERE id = ${id} AND version = ${from}`,
  expect: 1,
});
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Each `open` is a database of its own. */
const memory: TestBackEnd = {
  name: 'memory',
  async open(given) {
    const own = new Set(given.map((each) => each.id));
    const database = await openMemoryDatabase([...storeMigrations.filter((each) => !own.has(each.id)), ...given]);
    return { store: database.open(), url: '', close: async () => database.close() };
  },
};

describe.each([...testStores(), memory])('the store on $name', (backEnd) => {
  let opened: TestStore;
  let store: Store;
  beforeAll(async () => {
    opened = await backEnd.open(migrations);
    store = opened.store;
  });
  afterAll(() => opened.close());

  const ids = async (like: string) =>
    (await store.all<{ id: string }>(sql`SELECT id FROM thing WHERE id LIKE ${like} ORDER BY id`)).map((r) => r.id);

  it('has a revision that says whether something was written between two reads, or none', async () => {
    const before = store.revision();
    const knows = before !== undefined;
    await ids('revision/%');
    expect(store.revision()).toBe(before);
    const writing = store.write([insert('revision/a')]);
    expect(store.revision()).toBeUndefined();
    await writing;
    const after = store.revision();
    expect([after !== undefined, after !== before]).toEqual([knows, knows]);
  });

  describe('a write', () => {
    it('is seen by the next read, with the changes of each step', async () => {
      const results = await store.write([insert('seen/a'), insert('seen/b'), bump('seen/a', 1)]);
      expect(results.map((r) => r.changes)).toEqual([1, 1, 1]);
      expect(await store.get(sql`SELECT id, version FROM thing WHERE id = ${'seen/a'}`)).toEqual({
        id: 'seen/a',
        version: 2,
      });
    });

    it('without steps does nothing', async () => {
      expect(await store.write([])).toEqual([]);
    });

    it('leaves nothing behind when a later step does not meet its expectation', async () => {
      const error = await rejection(store.write([insert('half/a'), bump('half/none', 1), insert('half/b')]));
      expect(error).toBeInstanceOf(ConflictError);
      expect(error).toMatchObject({ step: 1 });
      expect(await ids('half/%')).toEqual([]);
    });

    it('throws what `otherwise` gives for an expectation, a unique key and a foreign key', async () => {
      await store.write([insert('other/a', 1, 'other note')]);
      const otherwise = () => new Error('mine');
      const steps: Step[] = [
        { ...bump('other/none', 1), otherwise },
        { ...insert('other/a'), otherwise },
        { ...insert('other/b', 1, 'other note'), otherwise },
        { sql: sql`INSERT INTO part (id, thing) VALUES (${'p'}, ${'other/none'})`, otherwise },
      ];
      for (const step of steps) {
        expect(await rejection(store.write([insert('other/before'), step]))).toMatchObject({ message: 'mine' });
      }
      expect(await ids('other/%')).toEqual(['other/a']);
    });

    it('is a conflict when a unique or foreign key is violated and nothing else was said', async () => {
      await store.write([
        insert('key/a'),
        { sql: sql`INSERT INTO part (id, thing) VALUES (${'key/p'}, ${'key/a'})`, expect: 1 },
      ]);
      const broken: Step[] = [
        insert('key/a'),
        { sql: sql`INSERT INTO part (id, thing) VALUES (${'key/q'}, ${'key/none'})` },
        { sql: sql`DELETE FROM thing WHERE id = ${'key/a'}`, expect: 1 },
      ];
      for (const step of broken) {
        expect(await rejection(store.write([insert('key/before'), step]))).toMatchObject({
          name: 'ConflictError',
          step: 1,
        });
      }
      expect(await ids('key/%')).toEqual(['key/a']);
    });

    it('is a fault, not a conflict, when a statement is wrong or a check fails', async () => {
      const wrong: Step[] = [
        { sql: sql`INSERT INTO nowhere VALUES (${1})` },
        insert('wrong/a', -1),
        { sql: sql`INSERT INTO thing (id, version) VALUES (${'wrong/b'}, ${null})`, otherwise: () => new Error('no') },
        { sql: sql`INSERT INTO thing (id, version) VALUES (${'wrong/c'}, ${'many'})` },
      ];
      for (const step of wrong) {
        const error = await rejection(store.write([insert('wrong/before'), step]));
        expect(error).toBeInstanceOf(StoreError);
        expect(error).toMatchObject({ fault: 'refused' });
      }
      expect(await ids('wrong/%')).toEqual([]);
    });

    it('gives the rows of RETURNING and counts them', async () => {
      const results = await store.write([
        {
          sql: sql`INSERT INTO thing (id, version) VALUES ('ret/a', 1), ('ret/b', 2) RETURNING id, version`,
          expect: 2,
        },
        { sql: sql`UPDATE thing SET version = 9 WHERE id = 'ret/none' RETURNING id`, expect: 0 },
        { sql: sql`DELETE FROM thing WHERE id = 'ret/a' RETURNING version` },
      ]);
      expect(results).toEqual([
        {
          changes: 2,
          rows: [
            { id: 'ret/a', version: 1 },
            { id: 'ret/b', version: 2 },
          ],
        },
        { changes: 0, rows: [] },
        { changes: 1, rows: [{ version: 1 }] },
      ]);
      const error = await rejection(
        store.write([{ sql: sql`DELETE FROM thing WHERE id LIKE 'ret/%' RETURNING id`, expect: 2 }]),
      );
      expect(error).toBeInstanceOf(ConflictError);
      expect(await ids('ret/%')).toEqual(['ret/b']);
    });

    it('upserts with ON CONFLICT', async () => {
      const upsert: Step = {
        sql: sql`INSERT INTO thing (id, version) VALUES (${'up'}, ${1})
          ON CONFLICT (id) DO UPDATE SET version = thing.version + excluded.version`,
        expect: 1,
      };
      await store.write([upsert, upsert]);
      expect(await store.get(sql`SELECT version FROM thing WHERE id = 'up'`)).toEqual({ version: 2 });
      const [again] = await store.write([
        { sql: sql`INSERT INTO thing (id, version) VALUES ('up', 5) ON CONFLICT (id) DO NOTHING` },
      ]);
      expect(again?.changes).toBe(0);
    });

    it('that fails leaves the writes beside it alone', async () => {
      const writes = Array.from({ length: 120 }, (_, i) => {
        const mine = insert(`group/${String(i).padStart(3, '0')}`);
        if (i % 3 === 1) return store.write([mine, bump('group/none', 1)]);
        if (i % 3 === 2) return store.write([mine, insert('group/000')]);
        return store.write([mine]);
      });
      const outcomes = await Promise.allSettled(writes);
      outcomes.forEach((outcome, i) => {
        expect(outcome.status, `write ${i}`).toBe(i % 3 === 0 ? 'fulfilled' : 'rejected');
      });
      expect(await ids('group/%')).toEqual(
        Array.from({ length: 40 }, (_, i) => `group/${String(i * 3).padStart(3, '0')}`),
      );
    });

    it('keeps a guard that reads: of two writes that exclude each other one happens', async () => {
      const unlessOther = (id: string, other: string): Step => ({
        sql: sql`INSERT INTO thing (id, version) SELECT ${id}, ${1}
          WHERE NOT EXISTS (SELECT 1 FROM thing WHERE id = ${other})`,
        expect: 1,
      });
      for (let round = 0; round < 10; round++) {
        const [left, right] = [`skew/${round}/left`, `skew/${round}/right`];
        const outcomes = await Promise.allSettled([
          store.write([unlessOther(left, right)]),
          store.write([unlessOther(right, left)]),
        ]);
        expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
        expect(await ids(`skew/${round}/%`)).toHaveLength(1);
      }
    });

    it('refuses values that could not be read back the same', async () => {
      const values = [Number.NaN, Number.POSITIVE_INFINITY, 'nul\0', undefined, true, 7n, {}];
      for (const value of values) {
        const step: Step = {
          sql: { text: 'INSERT INTO thing (id, version, note) VALUES (?, 1, ?)', params: ['odd', value as never] },
        };
        expect(await rejection(store.write([step]))).toBeInstanceOf(TypeError);
        expect(await rejection(store.all(sql`SELECT 1 AS one WHERE 'x' = ${value as never}`))).toBeInstanceOf(
          TypeError,
        );
      }
      const short: Step = { sql: { text: 'INSERT INTO thing (id, version) VALUES (?, ?)', params: ['odd'] } };
      expect(await rejection(store.write([short]))).toBeInstanceOf(TypeError);
      expect(await ids('odd')).toEqual([]);
    });

    it('refuses two statements in one text', async () => {
      const step: Step = { sql: { text: `DELETE FROM part; DROP TABLE part`, params: [] } };
      expect(await rejection(store.write([step]))).toBeInstanceOf(TypeError);
      expect(await store.all(sql`SELECT * FROM part WHERE id = 'none'`)).toEqual([]);
    });
  });

  describe('a value', () => {
    it('of bytes comes back the same, and does not follow the buffer it came from', async () => {
      const source = Buffer.from([0, 1, 255, 39, 92, 63, 10]);
      const written = store.write([{ sql: sql`INSERT INTO part (id, body) VALUES (${'bytes'}, ${source})` }]);
      await Promise.resolve().then(() => source.fill(7));
      await written;
      await store.write([{ sql: sql`INSERT INTO part (id, body) VALUES (${'empty'}, ${new Uint8Array()})` }]);
      const rows = await store.all<{ body: Uint8Array }>(
        sql`SELECT body FROM part WHERE id IN ('bytes', 'empty') ORDER BY id`,
      );
      expect(rows.map((row) => [...row.body])).toEqual([[0, 1, 255, 39, 92, 63, 10], []]);
      expect(rows[0]?.body).toBeInstanceOf(Uint8Array);
      expect(Buffer.isBuffer(rows[0]?.body)).toBe(false);
    });

    it('of text keeps every character, and question marks in literals are not parameters', async () => {
      const text = `é ß 漢字 🐳 ' " \\ ? $1 ; -- /* \u{10FFFF}`;
      await store.write([insert('text/é', 1, text)]);
      const row = await store.get(
        sql`SELECT note, '? ''?' AS "a?" /* ? */ FROM thing WHERE note = ${text} AND id = ${'text/é'} -- ?`,
      );
      expect(row).toEqual({ note: text, 'a?': "? '?" });
    });

    it('of a KEY column sorts by bytes', async () => {
      const keys = ['Z', 'a', 'B', '_', '-', '1', '10', '2', 'é', 'z', 'ab', 'a b', '~'];
      await store.write(keys.map((key) => insert(`sort/${key}`)));
      const bytewise = keys.map((key) => `sort/${key}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await ids('sort/%')).toEqual(bytewise);
      const after = await store.all(sql`SELECT id FROM thing WHERE id > ${'sort/Z'} AND id < ${'sort/a'}`);
      expect(after).toEqual([{ id: 'sort/_' }]);
    });

    it('may be null, and null is not the empty text', async () => {
      await store.write([insert('null/a', 1, null), insert('null/b', 1, '')]);
      const rows = await store.all(sql`SELECT id, note FROM thing WHERE id LIKE ${'null/%'} ORDER BY id`);
      expect(rows).toEqual([
        { id: 'null/a', note: null },
        { id: 'null/b', note: '' },
      ]);
      expect(await store.get(sql`SELECT id FROM thing WHERE id = ${'null/none'}`)).toBeUndefined();
    });

    it('of whole numbers is exact up to 2^53 - 1, and beyond it is refused rather than rounded', async () => {
      const large = Number.MAX_SAFE_INTEGER;
      await store.write([insert('int/a', large)]);
      expect(await store.get(sql`SELECT version FROM thing WHERE id = ${'int/a'} AND version = ${large}`)).toEqual({
        version: large,
      });
      const beyond = sql`UPDATE thing SET version = version + 1 WHERE id = ${'int/a'} RETURNING version`;
      expect(await rejection(store.write([{ sql: beyond }]))).toBeInstanceOf(StoreError);
      expect(await store.get(sql`SELECT version FROM thing WHERE id = ${'int/a'}`)).toEqual({ version: large });
      expect(await rejection(store.all(sql`SELECT version + 1 AS n FROM thing WHERE id = ${'int/a'}`))).toBeInstanceOf(
        StoreError,
      );
    });

    it('of fractions is exact, and so are counts, sums and comparisons', async () => {
      const amounts = [0.1, -2.5e-9, 1e300, 3];
      await store.write(
        amounts.map((amount, i) => ({ sql: sql`INSERT INTO part (id, amount) VALUES (${`f${i}`}, ${amount})` })),
      );
      const rows = await store.all<{ amount: number }>(
        sql`SELECT amount FROM part WHERE amount IS NOT NULL ORDER BY id`,
      );
      expect(rows.map((row) => row.amount)).toEqual(amounts);
      await store.write([insert('sum/a', 3), insert('sum/b', 4)]);
      const totals = await store.get<Row>(sql`SELECT COUNT(*) AS n, SUM(version) AS total, MAX(version) AS top,
        MIN(version) > 2 AS more, SUM(version) / 2 AS half FROM thing WHERE id LIKE ${'sum/%'} LIMIT ${5}`);
      expect(totals).toMatchObject({ n: 2, total: 7, top: 4, more: 1 });
    });
  });

  describe('an update', () => {
    it('plans again until it wins: fifty at once on one row lose nothing', async () => {
      await store.write([insert('race', 0)]);
      let plans = 0;
      const sums = await Promise.all(
        Array.from({ length: 50 }, () =>
          store.update(async (view) => {
            plans++;
            const row = await view.get<{ version: number }>(sql`SELECT version FROM thing WHERE id = ${'race'}`);
            return { steps: [bump('race', row?.version ?? -1)], result: row?.version };
          }),
        ),
      );
      expect(await store.get(sql`SELECT version FROM thing WHERE id = ${'race'}`)).toEqual({ version: 50 });
      expect(new Set(sums).size).toBe(50);
      expect(plans).toBeGreaterThan(50);
    });

    it('gives up after twenty plans, and at once when the plan or the write fails otherwise', async () => {
      let plans = 0;
      const planned = (step: Step) => () => {
        plans++;
        return Promise.resolve({ steps: [step], result: 'done' });
      };
      expect(await rejection(store.update(planned(bump('none', 1))))).toBeInstanceOf(ConflictError);
      expect(plans).toBe(20);
      plans = 0;
      const otherwise = () => new Error('mine');
      expect(await rejection(store.update(planned({ ...bump('none', 1), otherwise })))).toMatchObject({
        message: 'mine',
      });
      expect(plans).toBe(1);
      expect(await rejection(store.update(() => Promise.reject(new Error('plan'))))).toMatchObject({ message: 'plan' });
      expect(await store.update(() => Promise.resolve({ steps: [], result: 'nothing to do' }))).toBe('nothing to do');
    });
  });

  describe('migrations', () => {
    const second: Migration = {
      id: 'contract/002-more',
      statements: ['ALTER TABLE thing ADD COLUMN extra KEY', `INSERT INTO thing (id, version) VALUES ('migrated', 1);`],
    };

    it('apply what is missing, in order, once', async () => {
      const fresh = await backEnd.open(migrations);
      await fresh.store.migrate([...storeMigrations, ...migrations, second]);
      await fresh.store.migrate([...storeMigrations, ...migrations, second]);
      expect(await fresh.store.all(sql`SELECT id, extra FROM thing`)).toEqual([{ id: 'migrated', extra: null }]);
      await fresh.close();
    });

    it('leave nothing behind when one fails', async () => {
      const fresh = await backEnd.open(migrations);
      const broken: Migration = { id: 'contract/002-broken', statements: ['CREATE TABLE x (id KEY)', 'CREATE TABL y'] };
      expect(await rejection(fresh.store.migrate([...storeMigrations, ...migrations, broken]))).toBeInstanceOf(
        StoreError,
      );
      await fresh.store.migrate([
        ...storeMigrations,
        ...migrations,
        { ...broken, statements: ['CREATE TABLE x (id KEY)'] },
      ]);
      expect(await fresh.store.all(sql`SELECT id FROM x`)).toEqual([]);
      await fresh.close();
    });

    it('refuse a database of a newer program, and a migration that is not the one applied', async () => {
      const fresh = await backEnd.open([...migrations, second]);
      const older = await rejection(fresh.store.migrate([...storeMigrations, ...migrations]));
      expect(older).toBeInstanceOf(UserError);
      expect(String(older)).toContain('contract/002-more');
      const changed = { ...second, statements: [...second.statements, 'DROP TABLE part'] };
      expect(await rejection(fresh.store.migrate([...storeMigrations, ...migrations, changed]))).toBeInstanceOf(
        UserError,
      );
      expect(await fresh.store.all(sql`SELECT * FROM part`)).toEqual([]);
      await fresh.close();
    });

    it('refuse two of one id and ids that are none', async () => {
      const [first] = migrations;
      const twice = first ? [first, first] : [];
      expect(await rejection(store.migrate([...storeMigrations, ...twice]))).toBeInstanceOf(TypeError);
      expect(await rejection(store.migrate([{ id: 'Nameless', statements: [] }]))).toBeInstanceOf(TypeError);
    });

    it('are applied once when several start at the same time', async () => {
      const fresh = await backEnd.open([]);
      const all = [...storeMigrations, ...migrations, second];
      // Other replicas where the back end allows them, the same store where it does not.
      const replicas = backEnd.name !== 'postgres' ? [] : await Promise.all([1, 2, 3].map(() => replica(fresh.url)));
      await Promise.all([fresh.store, fresh.store, ...replicas].map((each) => each.migrate(all)));
      expect(await fresh.store.all(sql`SELECT id FROM thing`)).toEqual([{ id: 'migrated' }]);
      await Promise.all(replicas.map((each) => each.close()));
      await fresh.close();
    });
  });

  it('says that it is closed, after finishing what waited', async () => {
    const fresh = await backEnd.open(migrations);
    const waiting = Array.from({ length: 20 }, (_, i) => fresh.store.write([insert(`last/${i}`)]));
    const closing = fresh.store.close();
    await expect(Promise.all(waiting)).resolves.toHaveLength(20);
    await closing;
    for (const use of [fresh.store.write([insert('late')]), fresh.store.all(sql`SELECT 1 AS one`)]) {
      expect(await rejection(use)).toMatchObject({ name: 'StoreError', fault: 'closed' });
    }
    await fresh.close();
  });

  it('serves reads while writes are under way, and each sees what was acknowledged', async () => {
    await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        for (let n = 0; n < 10; n++) {
          await store.write([insert(`mine/${i}/${n}`)]);
          expect(await store.get(sql`SELECT version FROM thing WHERE id = ${`mine/${i}/${n}`}`)).toEqual({
            version: 1,
          });
        }
      }),
    );
  });
});

function replica(url: string): Promise<Store> {
  return openStore({ url, log: silentLogger });
}

it('opens only URLs that it knows, without repeating what may be a password', async () => {
  const error = await rejection(openStore({ url: 'mysql://root:hunter2@db/x', log: silentLogger }));
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).not.toContain('hunter2');
});
