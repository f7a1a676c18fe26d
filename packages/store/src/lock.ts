// One process a database file, and one a data folder. The lock is the operating system's (SQLite holds it on an empty file
// beside what is locked), so it ends with the process however that dies; a second file says who holds it, for the error message.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '@longshore/base';
import { type Connection, connect, resultCode } from './sqlite/driver.ts';

export interface FileLock {
  release(): void;
}

const busy = 5;

function holderOf(ownerFile: string): string {
  try {
    const pid = readFileSync(ownerFile, 'utf8').trim();
    return /^\d+$/.test(pid) ? `process ${pid}` : 'another process';
  } catch {
    return 'another process';
  }
}

/** Takes the lock `path`.lock of `what` (for the message). Throws UserError, naming the holder, if another has it. */
export function lockFile(path: string, what: string): FileLock {
  const ownerFile = `${path}.owner`;
  let lock: Connection | undefined;
  try {
    // Nothing else may open this file: closing any descriptor of it would drop the process's POSIX locks.
    lock = connect(`${path}.lock`, { readOnly: false, timeoutMs: 0 });
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if (((resultCode(error) ?? 0) & 0xff) !== busy) throw error;
    throw new UserError(
      `${what} is in use by ${holderOf(ownerFile)}.`,
      'Stop that process first (`longshore down`), or choose another data folder.',
    );
  }
  const held = lock;
  writeFileSync(ownerFile, `${process.pid}\n`);
  return {
    release() {
      rmSync(ownerFile, { force: true });
      held.close();
    },
  };
}
