// What goes wrong in a store, in one table. `ConflictError` (types.ts) is apart: it is no fault, only a lost race.

export type StoreFault = 'closed' | 'busy' | 'unknown-outcome' | 'refused' | 'unavailable';

const meanings: Readonly<Record<StoreFault, string>> = {
  closed: 'The store is closed',
  busy: 'The store has too many writes waiting; try again in a moment',
  'unknown-outcome': 'The connection was lost while the write was being committed; it may or may not have happened',
  refused: 'The database refused the statement',
  unavailable: 'The database cannot be reached',
};

/** A fault of the database or of a statement. Never a lost race and never an expectation that was not met. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly fault: StoreFault;

  constructor(fault: StoreFault, detail?: string, cause?: unknown) {
    super(detail === undefined ? `${meanings[fault]}.` : `${meanings[fault]}: ${detail}`, { cause });
    this.fault = fault;
  }
}
