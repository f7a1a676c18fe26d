// The data folder: who may see it, the key that seals secrets, and the two small files that the CLI reads
// (`credentials.json`: the root key; `longshore.json`: where the running server is).
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, UserError, writeDurably } from '@longshore/base';
import { type FileLock, lockFile } from '@longshore/store';

const maxFileBytes = 4096;

export interface DataDir {
  readonly path: string;
  readonly databaseFile: string;
  readonly blobsDir: string;
  readonly agentDir: string;
  readonly logFile: string;
}

/** Makes the folder (mode 0700) if missing. */
export async function openDataDir(path: string): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The data folder ${path} cannot be used: ${reason}`, 'Choose another one with --data DIR.');
  }
  return {
    path,
    databaseFile: join(path, 'longshore.db'),
    blobsDir: join(path, 'registry'),
    agentDir: join(path, 'agent'),
    logFile: join(path, 'longshore.log'),
  };
}

/**
 * Keeps every other server out of the folder: with PostgreSQL there is no database file whose lock would, and two would clear
 * away each other's uploads. Throws `UserError`, naming the process that has it.
 */
export function lockDataDir(data: DataDir): FileLock {
  return lockFile(join(data.path, 'server'), `The data folder ${data.path}`);
}

/** The 32 bytes that seal secrets in the store; made at the first start and never changed. Without it they are lost. */
export async function masterKey(data: DataDir): Promise<Uint8Array> {
  const file = join(data.path, 'master.key');
  const stored = await readIfThere(file, maxFileBytes);
  if (stored === undefined) {
    const key = randomBytes(32);
    await writeDurably(file, `${key.toString('hex')}\n`);
    return key;
  }
  const text = stored.trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new UserError(
      `${file} is damaged: it must hold 64 hexadecimal digits`,
      'Restore it from a backup; without it no key can be read.',
    );
  }
  return Buffer.from(text, 'hex');
}

export interface CredentialsFile {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
  readonly region: string;
}

/** Writes `credentials.json` (mode 0600) for `longshore env` and the other commands of this machine's owner. */
export async function writeCredentials(data: DataDir, credentials: CredentialsFile): Promise<void> {
  await writeDurably(join(data.path, 'credentials.json'), `${JSON.stringify(credentials, null, 2)}\n`);
}

export interface RunningFile {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: with the pid, it names one process for good. */
  readonly startTime: string;
  readonly url: string;
  readonly region: string;
  readonly account: string;
  readonly version: string;
}

const runningName = 'longshore.json';

export async function writeRunning(data: DataDir, running: Omit<RunningFile, 'pid' | 'startTime'>): Promise<void> {
  const file: RunningFile = { pid: process.pid, startTime: await processStartTime(process.pid), ...running };
  await writeDurably(join(data.path, runningName), `${JSON.stringify(file, null, 2)}\n`);
}

export async function removeRunning(data: DataDir): Promise<void> {
  await rm(join(data.path, runningName), { force: true });
}

/** The start time of a process in clock ticks since boot. Source: proc(5), /proc/PID/stat field 22. */
async function processStartTime(pid: number): Promise<string> {
  const stat = await readIfThere(`/proc/${pid}/stat`, maxFileBytes);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
