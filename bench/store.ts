// The store beside the bare database, in one run: what group commit gains for many writers, and what the tagged SQL, the
// statement cache and the async signature cost a read. PostgreSQL is a throw-away one on this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../packages/base/src/index.ts';
import { openStore, type Store, sql } from '../packages/store/src/index.ts';
import { startPostgres } from '../packages/store/src/testing-postgres.ts';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const roundMs = Number(process.env['ROUND_MS'] ?? 700);
const rows = 1_000;
const table = 'CREATE TABLE item (id KEY PRIMARY KEY, n BIGINT NOT NULL, body TEXT NOT NULL)';
const body = JSON.stringify({ text: 'x'.repeat(200) });

interface Figure {
  readonly name: string;
  /** Does the work for about `ms` milliseconds and gives how often it was done. */
  readonly run: (ms: number) => Promise<number> | number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function repeatFor(ms: number, writers: number, once: (writer: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + ms;
  const counts = Array.from({ length: writers }, async (_, writer) => {
    let count = 0;
    for (; performance.now() < end; count++) await once(writer);
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function fill(store: Store): Promise<void> {
  await store.migrate([{ id: 'bench/001-item', statements: [table] }]);
  await store.write(
    Array.from({ length: rows }, (_, i) => ({ sql: sql`INSERT INTO item VALUES (${`i${i}`}, ${0}, ${body})` })),
  );
}

function storeFigures(name: string, store: Store): Figure[] {
  const anyId = () => `i${Math.floor(Math.random() * rows)}`;
  const write = (id: string) => store.write([{ sql: sql`UPDATE item SET n = n + 1 WHERE id = ${id}`, expect: 1 }]);
  const read = () => store.get(sql`SELECT id, n, body FROM item WHERE id = ${anyId()}`);
  return [
    { name: `${name}: durable writes/s, 1 writer`, run: (ms) => repeatFor(ms, 1, () => write(anyId())) },
    { name: `${name}: durable writes/s, 64 writers`, run: (ms) => repeatFor(ms, 64, (w) => write(`i${w}`)) },
    { name: `${name}: point reads/s, 1 reader`, run: (ms) => repeatFor(ms, 1, read) },
    { name: `${name}: point reads/s, 64 readers`, run: (ms) => repeatFor(ms, 64, read) },
  ];
}

/** The peer: one connection, one prepared statement, nothing around it. */
function bareFigures(path: string): { figures: Figure[]; close: () => void } {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE item (id TEXT PRIMARY KEY, n INTEGER NOT NULL, body TEXT NOT NULL) STRICT');
  const insert = database.prepare('INSERT INTO item VALUES (?, 0, ?)');
  for (let i = 0; i < rows; i++) insert.run(`i${i}`, body);
  const update = database.prepare('UPDATE item SET n = n + 1 WHERE id = ?');
  const select = database.prepare('SELECT id, n, body FROM item WHERE id = ?');
  const repeat = (ms: number, once: (id: string) => unknown) => {
    const end = performance.now() + ms;
    let count = 0;
    for (; performance.now() < end; count++) once(`i${Math.floor(Math.random() * rows)}`);
    return count;
  };
  return {
    figures: [
      { name: 'bare node:sqlite: durable writes/s, 1 writer', run: (ms) => repeat(ms, (id) => update.run(id)) },
      { name: 'bare node:sqlite: point reads/s', run: (ms) => repeat(ms, (id) => select.get(id)) },
    ],
    close: () => database.close(),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
const sqlite = await openStore({ url: `sqlite:${join(folder, 'store.db')}`, log: silentLogger });
const bare = bareFigures(join(folder, 'bare.db'));
const server = await startPostgres();
const postgres = await openStore({ url: server.url, log: silentLogger });
try {
  await fill(sqlite);
  await fill(postgres);
  const figures = [
    ...bare.figures,
    ...storeFigures('store on SQLite', sqlite),
    ...storeFigures('store on PostgreSQL', postgres),
  ];
  const measured = new Map<string, number[]>(figures.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of figures) {
      const start = performance.now();
      const count = await run(roundMs);
      measured.get(name)?.push(count / ((performance.now() - start) / 1_000));
    }
  }
  const built = await repeatBuild();
  console.log(`Medians of ${rounds} rounds of ${roundMs} ms, a table of ${rows} rows of 230 bytes:`);
  for (const [name, values] of measured) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    console.log(`${name.padEnd(46)} ${format(median(values))}   (${format(low).trim()} to ${format(high).trim()})`);
  }
  console.log(`${'tagged SQL: statements built/s'.padEnd(46)} ${format(built)}`);
} finally {
  await Promise.all([sqlite.close(), postgres.close()]);
  bare.close();
  await server.stop();
  await rm(folder, { recursive: true });
}

function format(value: number): string {
  return Math.round(value).toLocaleString('en').padStart(10);
}

async function repeatBuild(): Promise<number> {
  let length = 0;
  const count = await repeatFor(roundMs, 1, () => {
    for (let i = 0; i < 1_000; i++) length += sql`SELECT id, n, body FROM item WHERE id = ${i}`.text.length;
    return Promise.resolve(length);
  });
  return (count * 1_000) / (roundMs / 1_000);
}
