// Starting the server in the background: the same command line again, in a session of its own, with its output in the
// log file; and waiting until it is ready, or dead.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { UserError } from '@longshore/base';
import { logFileOf } from './data-folder.ts';
import { parseNote, type StarterNote } from './starter.ts';
import type { CliParts } from './types.ts';

const readyWithinMs = 120_000;
const helloWithinMs = 180_000;
const largestLog = 16 * 1024 * 1024;

/** Runs `argv` without `--detach` in the background. Resolves when /readyz answers; throws `UserError` if it died. */
export async function startDetached(argv: readonly string[], data: string, parts: CliParts): Promise<void> {
  const { io } = parts;
  const log = await openLog(data);
  const child = spawn(
    process.execPath,
    [...process.execArgv, parts.program, ...argv.filter((each) => each !== '--detach')],
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...process.env, ...io.env },
    },
  );
  await log.close();
  const notes = notesOf(child);
  try {
    const url = await untilReady(notes, log, parts);
    io.out(`Longshore runs at ${url} in the background; its data is in ${data}, its log ${log.file}.\n`);
    await untilHello(notes, log, parts);
    io.out('Next: eval "$(longshore env)"; stop it with: longshore down\n');
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

interface LogFile {
  readonly file: string;
  readonly fd: number;
  /** Size when this start began; what follows is its own. */
  readonly from: number;
  close(): Promise<void>;
}

/** The log, opened to append. One that has grown large is put aside as `longshore.log.1`. */
async function openLog(data: string): Promise<LogFile> {
  const file = logFileOf(data);
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size > largestLog) await rename(file, `${file}.1`);
    const handle = await open(file, 'a', 0o600);
    return { file, fd: handle.fd, from: size > largestLog ? 0 : size, close: () => handle.close() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The data folder ${data} cannot be used: ${reason}`, 'Choose another one with --data DIR.');
  }
}

type ChildNote = StarterNote | { readonly kind: 'gone'; readonly how: string };

interface Notes {
  /** The next note; undefined if none came in time. After the child's end always `gone`. */
  next(withinMs: number): Promise<ChildNote | undefined>;
}

function notesOf(child: ChildProcess): Notes {
  const waiting: ChildNote[] = [];
  let gone: ChildNote | undefined;
  let wake = () => {};
  child.on('message', (message) => {
    const note = parseNote(message);
    if (note) waiting.push(note);
    wake();
  });
  const ended = (how: string) => {
    gone ??= { kind: 'gone', how };
    wake();
  };
  child.on('error', (error) => ended(error.message));
  child.on('exit', (code, signal) => ended(signal ? `signal ${signal}` : `exit code ${code}`));
  return {
    async next(withinMs) {
      if (waiting.length === 0 && !gone) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, withinMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return waiting.shift() ?? gone;
    },
  };
}

async function untilReady(notes: Notes, log: LogFile, parts: CliParts): Promise<string> {
  const deadline = parts.clock.now() + readyWithinMs;
  for (;;) {
    const note = await notes.next(deadline - parts.clock.now());
    if (note?.kind === 'progress') parts.io.err(`${note.line}\n`);
    if (note?.kind === 'gone') throw await died(note.how, log);
    if (note?.kind === 'ready') {
      if (await answersReady(note.url, deadline, parts)) return note.url;
      break;
    }
    if (note === undefined) break;
  }
  throw new UserError(
    `Longshore is not ready after ${readyWithinMs / 1000} s; it goes on in the background.`,
    `See why in ${log.file}`,
  );
}

async function answersReady(url: string, deadline: number, { clock }: CliParts): Promise<boolean> {
  while (clock.now() < deadline) {
    try {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
      await answer.arrayBuffer();
      if (answer.ok) return true;
    } catch {
      // Not yet; tried again until the deadline.
    }
    await clock.sleep(50);
  }
  return false;
}

/** Passes on what the first start does. That hello does not run is a warning: the server does. */
async function untilHello(notes: Notes, log: LogFile, parts: CliParts): Promise<void> {
  const deadline = parts.clock.now() + helloWithinMs;
  for (;;) {
    const note = await notes.next(deadline - parts.clock.now());
    if (note?.kind === 'progress') {
      parts.io.err(`${note.line}\n`);
    } else if (note?.kind === 'gone') {
      throw await died(note.how, log);
    } else if (note?.kind === 'hello') {
      if (note.url !== undefined) parts.io.out(`Hello is served at ${note.url}\n`);
      if (note.problem !== undefined) parts.io.err(`The hello service does not run: ${note.problem}\n`);
      return;
    } else {
      parts.io.err(`The hello service is not up yet; see ${log.file}\n`);
      return;
    }
  }
}

/** Why the child died, with the last lines that it wrote. */
async function died(how: string, log: LogFile): Promise<UserError> {
  const handle = await open(log.file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(log.from, size - 8192);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await handle.read(buffer, 0, buffer.length, from);
    const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-12).join('\n');
    return new UserError(`Longshore did not start (${how}). It said:\n${lines}`, `All of it is in ${log.file}`);
  } finally {
    await handle.close();
  }
}
