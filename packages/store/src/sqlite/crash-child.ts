// The victim of crash.test.ts: eight writers that write pairs of rows as fast as they can and say each acknowledged
// pair on standard output, until the process is killed.
import { silentLogger } from '@longshore/base';
import { openStore } from '../open.ts';
import { sql } from '../sql.ts';

const [url = '', run = ''] = process.argv.slice(2);
const store = await openStore({ url, log: silentLogger });

/** Waits until the line is on its way: whoever reads slowly slows the writers, and does not end them with EAGAIN. */
function say(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
  });
}

async function writer(name: string): Promise<never> {
  for (let n = 0; ; n++) {
    const pair = `${run}/${name}/${n}`;
    await store.write([
      { sql: sql`INSERT INTO half (pair, side) VALUES (${pair}, ${'left'})` },
      { sql: sql`UPDATE total SET pairs = pairs + 1`, expect: 1 },
      { sql: sql`INSERT INTO half (pair, side) VALUES (${pair}, ${'right'})` },
    ]);
    await say(`${pair}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, i) => writer(String(i))));
