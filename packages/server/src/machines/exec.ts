// Runs a program to its end, with JSON in and text out, within bounds of time and size.
import { spawn } from 'node:child_process';
import { errorText } from '@longshore/base';

const maxOutput = 1024 * 1024;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never throws: what could not be run has a code of its own and says why in `stderr`. */
export function tryExec(
  command: readonly string[],
  options: { readonly input?: string; readonly timeoutMs: number },
): Promise<Ended> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    const out = { stdout: '', stderr: '' };
    const take = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
      if (out[name].length < maxOutput) out[name] += chunk.toString('utf8');
      else child.kill('SIGKILL');
    };
    child.stdout.on('data', take('stdout'));
    child.stderr.on('data', take('stderr'));
    child.on('error', (error) => resolve({ ...out, code: 127, stderr: errorText(error) }));
    child.on('close', (code, signal) => {
      const killed =
        signal === null ? '' : `ended by ${signal} (it has ${options.timeoutMs} ms and ${maxOutput} bytes)`;
      resolve({ ...out, code: code ?? 1, stderr: out.stderr || killed });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Throws what the program said if it did not end well. */
export async function exec(command: readonly string[], timeoutMs = 20_000, input?: string): Promise<string> {
  const ended = await tryExec(command, { timeoutMs, ...(input === undefined ? {} : { input }) });
  if (ended.code !== 0)
    throw new Error(`${command.slice(0, 4).join(' ')} ended with ${ended.code}: ${ended.stderr.trim().slice(-500)}`);
  return ended.stdout;
}
