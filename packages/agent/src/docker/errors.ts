// What a call to the Engine can fail with. The Engine's own answer, its silence and its absence are told apart,
// because they are handled differently: reported, reported as a timeout, and waited out.

/** The Engine answered with an error. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** HTTP status; 0 for an error inside a progress stream. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The Engine did not answer within the time the call may take. What it did, or will do, is not known. */
export class EngineTimeout extends Error {
  override readonly name = 'EngineTimeout';
  readonly ms: number;

  constructor(what: string, ms: number) {
    super(`${what} timed out after ${ms} ms`);
    this.ms = ms;
  }
}

/** The Engine cannot be reached: it is down or restarting, or the call was given up. Nothing is said about the container. */
export class EngineUnreachable extends Error {
  override readonly name = 'EngineUnreachable';
}

export function isStatus(error: unknown, status: number): error is EngineError {
  return error instanceof EngineError && error.status === status;
}
