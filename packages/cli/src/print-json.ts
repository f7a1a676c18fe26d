// Data for programs.
import type { CliIo } from './types.ts';

/** Prints one JSON value, indented, with a newline at its end. */
export function printJson(io: CliIo, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}
