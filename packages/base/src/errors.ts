// Errors that people see. What the caller can mend is a `UserError` (said plainly, with a next step, no stack);
// everything else is a fault of the system and is logged with its stack.

export class UserError extends Error {
  override readonly name = 'UserError';
  /** What to do next, as one sentence; undefined if the message says it. */
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
