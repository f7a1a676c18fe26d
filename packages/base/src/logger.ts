// The logging interface of every package. The server fills it with pino; tests with `silentLogger`.

type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Structured logging: fields first, then a sentence. Never pass a secret, a token or an Authorization header. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const drop: LogMethod = () => undefined;

export const silentLogger: Logger = Object.freeze({ debug: drop, info: drop, warn: drop, error: drop });
