// A process that dies in the middle of writing loses nothing that it had acknowledged, and leaves no half of a write.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { silentLogger } from '@longshore/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../open.ts';
import { sql } from '../sql.ts';
import type { Store } from '../types.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-crash-'));
const url = `sqlite:${join(folder, 'crash.db')}`;
beforeAll(async () => {
  const store = await openStore({ url, log: silentLogger });
  const statements = [
    'CREATE TABLE half (pair KEY NOT NULL, side KEY NOT NULL, PRIMARY KEY (pair, side))',
    'CREATE TABLE total (pairs BIGINT NOT NULL)',
    'INSERT INTO total VALUES (0)',
  ];
  await store.migrate([{ id: 'crash/001-halves', statements }]);
  await store.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the victim until it has acknowledged `count` pairs, kills it, and gives every pair that it acknowledged. */
async function acknowledgedBefore(count: number, run: number): Promise<string[]> {
  const args = [join(import.meta.dirname, 'crash-child.ts'), url, String(run)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const pairs: string[] = [];
  const gone = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    pairs.push(line);
    if (pairs.length === count) child.kill('SIGKILL');
  }
  // Dead by the kill and by nothing else: a victim that fails early would prove nothing.
  expect(await gone).toEqual([null, 'SIGKILL']);
  return pairs;
}

async function intactPairs(store: Store): Promise<Set<string>> {
  const halves = await store.all(sql`SELECT pair FROM half GROUP BY pair HAVING COUNT(*) <> 2`);
  expect(halves).toEqual([]);
  const pairs = await store.all<{ pair: string }>(sql`SELECT DISTINCT pair FROM half`);
  expect(await store.get(sql`SELECT pairs FROM total`)).toEqual({ pairs: pairs.length });
  expect(await store.all(sql`PRAGMA quick_check`)).toEqual([{ quick_check: 'ok' }]);
  return new Set(pairs.map((row) => row.pair));
}

it('keeps every acknowledged write and no half of one through five kills', { timeout: 120_000 }, async () => {
  const acknowledged: string[] = [];
  for (let run = 0; run < 5; run++) {
    const count = 1 + Math.floor(Math.random() * 3_000);
    acknowledged.push(...(await acknowledgedBefore(count, run)));
    const store = await openStore({ url, log: silentLogger });
    const kept = await intactPairs(store);
    expect(
      acknowledged.filter((pair) => !kept.has(pair)),
      `after ${count} writes`,
    ).toEqual([]);
    await store.close();
  }
});
