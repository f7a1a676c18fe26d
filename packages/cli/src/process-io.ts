// The real terminal of this process.
import type { CliIo } from './types.ts';

/** The process's standard streams, environment and signals as `CliIo`. */
export function processIo(): CliIo {
  return Object.freeze({
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined;
    },
    get rows() {
      return process.stdout.isTTY ? process.stdout.rows : undefined;
    },
    env: process.env,
    onInterrupt(handler) {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
  } satisfies CliIo);
}
