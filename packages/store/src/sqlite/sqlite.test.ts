// What only the embedded back end has: one process a file, a writer that can break, a bounded queue.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, UserError } from '@longshore/base';
import { afterAll, expect, it } from 'vitest';
import { openStore } from '../open.ts';
import { sql } from '../sql.ts';
import { createRevisions } from './revisions.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-sqlite-'));
afterAll(() => rm(folder, { recursive: true }));

const open = (name: string) => openStore({ url: `sqlite:${join(folder, name)}`, log: silentLogger });
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const table = [{ id: 't/001-t', statements: ['CREATE TABLE t (id KEY PRIMARY KEY, body TEXT)'] }];

it('refuses a file that is open already, and says by whom; after a close it is free', async () => {
  const first = await open('locked.db');
  const error = await rejection(open('locked.db'));
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain(`process ${process.pid}`);
  await first.close();
  const second = await open('locked.db');
  await second.close();
});

it('refuses a file that another process has open, until that process dies', async () => {
  const program = `import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../open.ts'))};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    await openStore({ url: ${JSON.stringify(`sqlite:${join(folder, 'taken.db')}`)}, log });
    console.log('open');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let warnings = '';
  child.stderr.on('data', (chunk: Buffer) => {
    warnings += chunk.toString();
  });
  await once(child.stdout, 'data');
  expect(String(await rejection(open('taken.db')))).toContain(`process ${child.pid}`);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  const store = await open('taken.db');
  await store.close();
  expect(warnings).toBe('');
});

it('says plainly why a file cannot be opened', async () => {
  await writeFile(join(folder, 'text.db'), 'This is no database. '.repeat(100));
  const error = await rejection(open('text.db'));
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain('not a database');
  expect(String(await rejection(open('text.db/below.db')))).toContain('cannot be opened');
});

it('leaves one file when it is closed: the log is moved into it', async () => {
  const store = await open('closed.db');
  await store.migrate(table);
  await store.close();
  expect(readdirSync(folder).filter((name) => name.startsWith('closed.db'))).toEqual(['closed.db', 'closed.db.lock']);
});

it('makes the folder, for its user only', async () => {
  const store = await open('new/deep/store.db');
  await store.close();
  expect((await stat(join(folder, 'new/deep'))).mode & 0o777).toBe(0o700);
});

it('syncs every commit: the log is written ahead and synced in full, foreign keys are on', async () => {
  const store = await open('pragmas.db');
  const [result] = await store.write([{ sql: sql`PRAGMA synchronous` }]);
  expect(result?.rows).toEqual([{ synchronous: 2 }]);
  expect(await store.get(sql`PRAGMA journal_mode`)).toEqual({ journal_mode: 'wal' });
  await expect(store.write([{ sql: sql`PRAGMA foreign_keys` }])).resolves.toMatchObject([
    { rows: [{ foreign_keys: 1 }] },
  ]);
  await store.close();
});

it('does not write through reads', async () => {
  const store = await open('readonly.db');
  await store.migrate(table);
  expect(String(await rejection(store.all(sql`INSERT INTO t (id) VALUES ('x')`)))).toContain('readonly');
  await store.close();
});

it('turns writes away when too many wait, and does all that it took', async () => {
  const store = await open('busy.db');
  await store.migrate(table);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20_100 }, (_, i) => store.write([{ sql: sql`INSERT INTO t (id) VALUES (${String(i)})` }])),
  );
  const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
  const refused = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map((outcome) => outcome.reason as unknown);
  expect(taken).toBe(20_000);
  expect(refused).toHaveLength(100);
  for (const reason of refused) expect(reason).toMatchObject({ name: 'StoreError', fault: 'busy' });
  expect(await store.get(sql`SELECT COUNT(*) AS n FROM t`)).toEqual({ n: taken });
  await store.write([{ sql: sql`DELETE FROM t`, expect: taken }]);
  await store.close();
});

it('closes itself when the file is damaged under it: what waits and what comes is refused', async () => {
  const filled = await open('damaged.db');
  await filled.migrate(table);
  const body = 'x'.repeat(3_000);
  await filled.write(
    Array.from({ length: 500 }, (_, i) => ({ sql: sql`INSERT INTO t (id, body) VALUES (${`${i}`}, ${body})` })),
  );
  await filled.close();
  const store = await open('damaged.db');
  await truncate(join(folder, 'damaged.db'), 4_096);
  const touch = () => rejection(store.write([{ sql: sql`UPDATE t SET body = 'y'` }]));
  for (const error of await Promise.all([touch(), touch()])) {
    expect(error).toMatchObject({ name: 'StoreError', fault: 'closed' });
    expect(String(error)).toContain('may or may not have happened');
  }
  expect(await touch()).toMatchObject({ fault: 'closed' });
  await store.close();
});

it('knows its revision: this process alone writes', async () => {
  const store = await open('revision.db');
  await store.migrate(table);
  const before = store.revision();
  await store.all(sql`SELECT id FROM t`);
  const same = store.revision();
  await store.write([{ sql: sql`INSERT INTO t (id) VALUES ('a')` }]);
  expect([typeof before, same, store.revision()]).toEqual(['number', before, (before ?? 0) + 1]);
  await store.close();
});

it('knows the revision of tables: only writes to them count, and those that do not say where they go', async () => {
  const store = await open('revisions.db');
  await store.migrate([...table, { id: 'sqlite/002-more', statements: ['CREATE TABLE u (id KEY PRIMARY KEY)'] }]);
  const now = () => [['t'], ['u'], ['t', 'u'], ['never']].map((tables) => store.revision(tables));
  const changed = async (text: string) => {
    const before = now();
    const writing = store.write([{ sql: { text, params: [] } }]);
    const during = now();
    await writing;
    const after = now();
    return before.map((each, i) => [during[i] === undefined, after[i] !== each]);
  };
  const no = [false, false];
  const yes = [true, true];
  expect(await changed("INSERT INTO t (id) VALUES ('a')")).toEqual([yes, no, yes, no]);
  expect(await changed("\n  update U SET id = 'b'")).toEqual([no, yes, yes, no]);
  expect(await changed("DELETE FROM t WHERE id = 'a'")).toEqual([yes, no, yes, no]);
  expect(await changed("WITH v AS (SELECT 'c' AS id) INSERT INTO u SELECT id FROM v")).toEqual([yes, yes, yes, yes]);
  expect(await changed("DELETE FROM main.t WHERE id = 'a'")).toEqual([yes, yes, yes, yes]);
  const before = now();
  await expect(store.write([{ sql: sql`INSERT INTO u (id) VALUES ('c')` }])).rejects.toThrow('UNIQUE');
  expect([now()[0] === before[0], now()[1] === before[1]]).toEqual([true, false]);
  await store.close();
});

it('knows the revision of things in tables: steps within other things do not count', async () => {
  const store = await open('things.db');
  await store.migrate(table);
  const now = () => [undefined, ['a'], ['b'], ['a', 'b'], []].map((within) => store.revision(['t'], within));
  let last = 0;
  const changed = async (within?: string) => {
    const before = now();
    last += 1;
    const statement = sql`INSERT INTO t (id) VALUES (${String(last)})`;
    const writing = store.write([within === undefined ? { sql: statement } : { sql: statement, within }]);
    const during = now();
    await writing;
    const after = now();
    return before.map((each, i) => (during[i] === undefined ? 1 : 0) + (after[i] === each ? 0 : 1));
  };
  expect(await changed('a')).toEqual([2, 2, 0, 2, 0]);
  expect(await changed('b')).toEqual([2, 0, 2, 2, 0]);
  expect(await changed('c')).toEqual([2, 0, 0, 0, 0]);
  expect(await changed()).toEqual([2, 2, 2, 2, 2]);
  await store.close();
});

it('does not forget a thing of the very write that makes it forget others', () => {
  const revisions = createRevisions();
  const step = (within: string) => ({ sql: sql`DELETE FROM t`, within });
  for (let i = 0; i < 9_999; i += 1) revisions.begin([step(`thing ${i}`)])();
  const end = revisions.begin([step('first'), step('one too many')]);
  expect(revisions.of(['t'], ['first'])).toBeUndefined();
  end();
  const before = revisions.of(['t'], ['first']);
  revisions.begin([step('first')])();
  expect(revisions.of(['t'], ['first'])).not.toBe(before);
});

it('counts as written whatever was within more things than it remembers', () => {
  const revisions = createRevisions();
  const of = (thing: string) => revisions.of(['t'], [thing]);
  const begin = (within: string) => revisions.begin([{ sql: sql`DELETE FROM t`, within }]);
  const end = begin('slow');
  begin('first')();
  const before = of('first');
  expect([before, of('slow'), of('never')]).toEqual([1, undefined, 0]);
  for (let i = 0; i < 10_000; i += 1) begin(`thing ${i}`)();
  expect(of('first')).toBeGreaterThan(before ?? 0);
  expect(of('never')).toBeGreaterThan(before ?? 0);
  expect(of('slow')).toBeUndefined();
  end();
  expect(of('slow')).toBeGreaterThan(of('first') ?? 0);
});
