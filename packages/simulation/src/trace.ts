// What happened, kept only when somebody wants to read it.
import { type Logger, silentLogger } from '@longshore/base';
import type { Schedule } from './schedule.ts';

export interface Trace {
  note(who: string, what: string): void;
  lines(): readonly string[];
  /** The log of a process, as a part of the trace. */
  logger(who: string): Logger;
}

export const noTrace: Trace = Object.freeze({
  note: () => undefined,
  lines: () => [],
  logger: () => silentLogger,
});

export function createTrace(schedule: Schedule, startsAt: number): Trace {
  const lines: string[] = [];
  const note = (who: string, what: string) => {
    lines.push(`${((schedule.now() - startsAt) / 1000).toFixed(3).padStart(9)} ${who.padEnd(10)} ${what}`);
  };
  return {
    note,
    lines: () => lines,
    logger(who) {
      const log = (fields: object, message: string) => {
        const { err, ...rest } = fields as { err?: unknown };
        const told = err instanceof Error ? { ...rest, err: err.stack?.split('\n').slice(0, 6).join(' | ') } : rest;
        note(who, `| ${message} ${JSON.stringify(told)}`);
      };
      return { ...silentLogger, debug: log, info: log, warn: log, error: log };
    },
  };
}
