// Runs a command with a throw-away PostgreSQL, whose URL is in LONGSHORE_TEST_POSTGRES_URL, and always stops it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { startPostgres } from '../packages/store/src/testing-postgres.ts';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write('Usage: script/with-postgres COMMAND [ARGUMENT…]\n');
  process.exit(2);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const early = new AbortController();
const interrupt = () => early.abort();
for (const signal of signals) process.on(signal, interrupt);

const postgres = await startPostgres();
try {
  if (early.signal.aborted) {
    process.exitCode = 130;
  } else {
    const env = { ...process.env, LONGSHORE_TEST_POSTGRES_URL: postgres.url };
    const child = spawn(command, args, { stdio: 'inherit', env });
    for (const signal of signals) process.on(signal, () => child.kill(signal));
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
  }
} finally {
  await postgres.stop();
}
