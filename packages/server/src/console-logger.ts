// Logs as JSON lines on standard error, with what may never be logged cut out wherever it appears.
import type { Logger } from '@longshore/base';
import pino from 'pino';

const secret = [
  'authorization',
  'secretAccessKey',
  'password',
  'token',
  'sessionToken',
  '*.authorization',
  '*.secretAccessKey',
  '*.password',
  '*.token',
  '*.sessionToken',
];

/** A logger for `level` and above. */
export function consoleLogger(level: 'debug' | 'info' | 'warn' | 'error'): Logger {
  return pino(
    { level, redact: { paths: secret, censor: '[secret]' }, base: null },
    pino.destination({ fd: 2, sync: true }),
  );
}
