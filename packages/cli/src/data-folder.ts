// The data folder of a Longshore on this machine, as its owner's commands see it: where the server listens
// (`longshore.json`), the root key (`credentials.json`), and whether the process that wrote them still lives.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '@longshore/base';
import { z } from 'zod';

const runningSchema = z.object({
  pid: z.int().min(2),
  startTime: z.string().min(1),
  url: z.url(),
  region: z.string(),
  account: z.string(),
});

const credentialsSchema = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  account: z.string(),
  region: z.string(),
});

export type RunningFile = z.infer<typeof runningSchema>;
export type CredentialsFile = z.infer<typeof credentialsSchema>;

/** The folder: `--data`, else LONGSHORE_DATA, else the usual place. Absolute. */
export function dataFolder(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const usual = process.getuid?.() === 0 ? '/var/lib/longshore' : join(homedir(), '.local', 'share', 'longshore');
  return resolve(flag || env.LONGSHORE_DATA || usual);
}

export function logFileOf(folder: string): string {
  return join(folder, 'longshore.log');
}

/** What the server said about itself when it started, or undefined if no server runs with this folder now. */
export async function readRunning(folder: string): Promise<RunningFile | undefined> {
  const running = await readJson(join(folder, 'longshore.json'), runningSchema);
  return running && (await isAlive(running)) ? running : undefined;
}

/** The root key, or undefined if this folder has none yet. */
export async function readCredentials(folder: string): Promise<CredentialsFile | undefined> {
  return readJson(join(folder, 'credentials.json'), credentialsSchema);
}

/**
 * True while the very process that wrote the file lives: a pid alone may have gone to another program since. Fields 3
 * (state) and 22 (start time) of /proc/PID/stat, proc(5); a zombie has ended.
 */
export async function isAlive(running: { readonly pid: number; readonly startTime: string }): Promise<boolean> {
  const stat = await readOptional(`/proc/${running.pid}/stat`);
  if (stat === undefined) return false;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === running.startTime && fields[0] !== 'Z' && fields[0] !== 'X';
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readOptional(file);
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(parseOrUndefined(text));
  if (parsed.success) return parsed.data;
  throw new UserError(`${file} is damaged.`, 'Start Longshore again with this data folder: it writes the file anew.');
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file's text; undefined if there is none. Throws `UserError` if it may not be read. */
async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // ESRCH: a process that ended while its /proc file was read.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new UserError(
        `${file} belongs to another user.`,
        'Call longshore as the user who started it, or choose another folder with --data DIR.',
      );
    }
    throw error;
  }
}
