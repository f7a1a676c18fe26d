// What people read when a command fails. Their own mistakes and the server's refusals are said plainly; a fault of
// Longshore says how to see more.
import { errorText, UserError } from '@longshore/base';
import { printable } from './printable.ts';

export const exitCodes = Object.freeze({ done: 0, failed: 1, usage: 2, fault: 70 });

/** A command in a container ended with this exit code, which is the program's too. */
export class CommandEnded extends Error {
  override readonly name = 'CommandEnded';
  readonly code: number;

  constructor(code: number) {
    super(`the command ended with exit code ${code}`);
    this.code = code;
  }
}

export interface Failure {
  readonly message: string;
  readonly exitCode: number;
}

const connectionCodes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The code of a failed connection (`ECONNREFUSED`, …), looking into causes and aggregates; undefined if it is none. */
export function connectionCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  if ('code' in error && typeof error.code === 'string' && connectionCodes.has(error.code)) return error.code;
  if (error instanceof AggregateError) {
    for (const each of error.errors) {
      const code = connectionCode(each, depth + 1);
      if (code) return code;
    }
  }
  return connectionCode(error.cause, depth + 1);
}

/** True for an error that the server answered: an AWS error code and a status of 4xx or 5xx. */
function isRefusal(error: Error): boolean {
  if ('$metadata' in error && '$fault' in error) return true;
  return error.name === 'AwsError' && 'code' in error;
}

function refusalCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The message and the exit code for anything that a command throws. */
export function explainFailure(error: unknown, env: Readonly<Record<string, string | undefined>>): Failure {
  const debug = env.LONGSHORE_DEBUG === '1';
  const stack = debug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  if (error instanceof UserError) {
    const next = error.next === undefined ? '' : `\n${error.next}`;
    return { message: `${printable(error.message, '\n')}${printable(next, '\n')}${stack}`, exitCode: exitCodes.failed };
  }
  if (error instanceof Error && isRefusal(error)) {
    return { message: `${printable(`${refusalCode(error)}: ${error.message}`)}${stack}`, exitCode: exitCodes.failed };
  }
  const hint = debug ? stack : '\nThis is a fault of Longshore. See more with LONGSHORE_DEBUG=1.';
  return { message: `${printable(errorText(error))}${hint}`, exitCode: exitCodes.fault };
}
