// A throw-away PostgreSQL for tests: its own folder, its own free port, gone when it is stopped. Uses the binaries of
// the distribution's package; they need not be running or in PATH.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, newHexId, systemClock, UserError } from '@longshore/base';
import pg from 'pg';

const runFile = promisify(execFile);
const startMs = 30_000;
const stopMs = 10_000;

export interface ThrowAwayPostgres {
  /** Of a superuser, on 127.0.0.1. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Who the server runs as: PostgreSQL refuses root, so root becomes the package's user `postgres`. */
interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

async function findBinaries(): Promise<string> {
  const folders = ['/usr/lib/postgresql'].filter((folder) => existsSync(folder));
  const versions = folders.flatMap((folder) => readdirSync(folder).map((v) => join(folder, v, 'bin')));
  const newest = versions
    .filter((bin) => existsSync(join(bin, 'initdb')))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const configured = await runFile('pg_config', ['--bindir'])
    .then((r) => r.stdout.trim())
    .catch(() => undefined);
  const found = [configured, ...newest].find((bin) => bin !== undefined && existsSync(join(bin, 'initdb')));
  if (found) return found;
  throw new UserError('PostgreSQL is not installed.', 'On Debian and Ubuntu: apt-get install postgresql');
}

async function runAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await runFile('id', [flag, 'postgres'])).stdout)),
  );
  if (uid === undefined || gid === undefined) throw new UserError('There is no user called postgres.');
  return { uid, gid };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/**
 * Makes the cluster. Its collation is a linguistic one on purpose: what relies on byte order without saying so fails.
 */
async function initialise(bin: string, folder: string, passwordFile: string, as: RunAs): Promise<void> {
  const data = join(folder, 'data');
  const common = ['-D', data, '-U', 'longshore', '--encoding=UTF8', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const options = { ...as, cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' } };
  const linguistic = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  try {
    await runFile(join(bin, 'initdb'), [...common, ...linguistic], options);
  } catch {
    // Before version 15, or built without ICU.
    await rm(data, { recursive: true, force: true });
    await runFile(join(bin, 'initdb'), [...common, '--locale=C.UTF-8'], options);
  }
}

/** Started so that it ends with this process even if that is killed (PR_SET_PDEATHSIG by setpriv, on Linux). */
function launch(bin: string, folder: string, port: number, as: RunAs): ChildProcess {
  const server = [join(bin, 'postgres'), '-D', join(folder, 'data'), '-p', String(port), '-k', folder];
  const settings = ['listen_addresses=127.0.0.1', 'max_connections=200', 'shared_buffers=64MB'].flatMap((s) => [
    '-c',
    s,
  ]);
  const identity = as.uid === undefined ? [] : [`--reuid=${as.uid}`, `--regid=${as.gid}`, '--clear-groups'];
  const leash = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', ...identity, '--pdeathsig', 'INT', '--'] : [];
  const [command = '', ...args] = [...leash, ...server, ...settings];
  const output: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return spawn(command, args, { cwd: folder, stdio: output, ...(leash.length === 0 ? as : {}) });
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  child.stdout?.resume();
  for (const deadline = Date.now() + startMs; Date.now() < deadline && !ended(child); ) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.end();
    } catch {
      await systemClock.sleep(50);
    }
  }
  throw new Error(`PostgreSQL did not start:\n${said}`);
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT'); // "fast": open sessions are ended
  const timer = setTimeout(() => child.kill('SIGQUIT'), stopMs);
  await gone;
  clearTimeout(timer);
}

/** Starts one. Throws UserError if PostgreSQL is not installed, Error with the server's words if it does not start. */
export async function startPostgres(): Promise<ThrowAwayPostgres> {
  const [bin, as, port] = await Promise.all([findBinaries(), runAs(), freePort()]);
  const folder = await mkdtemp(join(tmpdir(), 'longshore-postgres-'));
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child) await stopServer(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const password = newHexId();
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (as.uid !== undefined && as.gid !== undefined) {
      for (const path of [folder, passwordFile]) await chown(path, as.uid, as.gid);
    }
    await initialise(bin, folder, passwordFile, as);
    const url = `postgres://longshore:${(await readFile(passwordFile, 'utf8')).trim()}@127.0.0.1:${port}/postgres`;
    child = launch(bin, folder, port, as);
    await untilReady(child, url);
    return { url, stop };
  } catch (error) {
    await stop();
    throw new Error(`A PostgreSQL for tests could not be started: ${errorText(error)}`, { cause: error });
  }
}
