// Logs as JSON lines, for the agent alone (the server has its own logger).
import type { Clock, Logger } from '@longshore/base';
import type { LogLevel } from './types.ts';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

// Never logged, at whatever depth.
const secret = /^(authorization|secretAccessKey|password|token|sessionToken)$/i;

/** Writes what is at `level` or above, one JSON object a line. Fields that name a secret are cut out. */
export function lineLogger(level: LogLevel, write: (line: string) => void, clock: Clock): Logger {
  const method = (own: LogLevel) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    if (levels.indexOf(own) < levels.indexOf(level)) return;
    write(`${toLine({ time: new Date(clock.now()).toISOString(), level: own, ...fields, msg: message })}\n`);
  };
  return Object.freeze({
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  });
}

function toLine(entry: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(entry, (key, value: unknown) => {
      if (secret.test(key)) return '[secret]';
      if (typeof value === 'bigint') return String(value);
      if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
      return value;
    });
  } catch {
    // A circle in the fields: the message alone.
    return JSON.stringify({ level: entry.level, time: entry.time, msg: entry.msg });
  }
}
