// Processes that outlive this server: started apart from it, known by a file with their id and the moment they began.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@longshore/base';

/** When a process began, in clock ticks since boot: field 22 of /proc/PID/stat, see proc(5). Undefined if it is gone. */
async function beganAt(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The id of the process that the file tells of, if that very one is alive. */
export async function alivePid(pidFile: string): Promise<number | undefined> {
  try {
    const [pid, began] = (await readFile(pidFile, 'utf8')).split(' ');
    return began !== undefined && (await beganAt(Number(pid))) === began ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the command unless its process lives. */
export async function ensureProcess(
  pidFile: string,
  command: readonly string[],
  options: { readonly logFile: string; readonly env?: Readonly<Record<string, string>> },
): Promise<void> {
  if ((await alivePid(pidFile)) !== undefined) return;
  await mkdir(dirname(options.logFile), { recursive: true, mode: 0o700 });
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      env: { ...process.env, ...options.env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    await writeFile(pidFile, `${pid} ${(await beganAt(pid)) ?? ''}`, { mode: 0o600 });
  } finally {
    await log.close();
  }
}

/** Asks the process to end, and ends it after `graceMs`. */
export async function endProcess(pidFile: string, graceMs: number, clock: Clock): Promise<void> {
  const until = clock.now() + graceMs;
  for (let asked = false; ; asked = true) {
    const pid = await alivePid(pidFile);
    if (pid === undefined) return;
    signal(pid, clock.now() > until ? 'SIGKILL' : asked ? 0 : 'SIGTERM');
    await clock.sleep(100);
  }
}

/** Nothing happens if it has ended. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 0): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
