// For tests: calls one command line and keeps what it printed.
import { systemClock } from '@longshore/base';
import { runCli } from '../run-cli.ts';
import type { CliParts } from '../types.ts';

export interface CallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly rows?: number;
  /** Milliseconds since the epoch that the command takes for now; left out = the real clock. */
  readonly now?: number;
  readonly parts?: Partial<CliParts>;
  /** Sends the interrupt when this fires. */
  readonly interrupt?: AbortSignal;
  readonly onOut?: (text: string) => void;
}

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function noPart(): never {
  throw new Error('this command must not load that part');
}

/** Runs `longshore ARGV…`. */
export async function call(argv: readonly string[], options: CallOptions = {}): Promise<Called> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    version: '1.2.3',
    program: '',
    up: noPart,
    agent: noPart,
    clock: options.now === undefined ? systemClock : { ...systemClock, now: () => options.now ?? 0 },
    io: {
      out(text) {
        out += text;
        options.onOut?.(text);
      },
      err: (text) => {
        err += text;
      },
      columns: options.columns,
      rows: options.rows,
      env: { LONGSHORE_DATA: '/nonexistent', ...options.env },
      onInterrupt(handler) {
        options.interrupt?.addEventListener('abort', handler);
        return () => options.interrupt?.removeEventListener('abort', handler);
      },
    },
    ...options.parts,
  });
  return { code, out, err };
}

/** The environment that leads to a test's server. */
export function envFor(url: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'a-test-secret',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
}
