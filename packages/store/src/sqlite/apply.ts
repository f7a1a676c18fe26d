// Group commit: many batches in one transaction and one fsync, each in its own savepoint, so that one that fails
// leaves its neighbours alone.
import { errorText } from '@longshore/base';
import type { StepResult } from '../types.ts';
import { type Connection, resultCode } from './driver.ts';
import type { Batch, Failure, Outcome } from './messages.ts';

// https://sqlite.org/rescode.html
const races = new Set([
  2067, // CONSTRAINT_UNIQUE
  1555, // CONSTRAINT_PRIMARYKEY
  2579, // CONSTRAINT_ROWID
  787, // CONSTRAINT_FOREIGNKEY
]);
const constraintTrigger = 1811; // also what ON DELETE RESTRICT gives
const ioError = 10;
const corrupt = 11;
const notADatabase = 26;

/** Thrown when the database can no longer be trusted: whoever applies must stop. Nobody can say what was committed. */
export class BrokenDatabase extends Error {
  override readonly name = 'BrokenDatabase';
}

class FailedStep extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

function isRace(error: unknown): boolean {
  const code = resultCode(error);
  if (code === undefined) return false;
  return races.has(code) || (code === constraintTrigger && errorText(error).includes('FOREIGN KEY'));
}

function isFatal(error: unknown): boolean {
  const primary = (resultCode(error) ?? 0) & 0xff;
  return primary === ioError || primary === corrupt || primary === notADatabase;
}

function runSteps(connection: Connection, batch: Batch): StepResult[] {
  return batch.steps.map((step, index) => {
    let result: StepResult;
    try {
      result = connection.run(step.text, step.params);
    } catch (error) {
      if (isFatal(error)) throw new BrokenDatabase(errorText(error));
      const detail = `${errorText(error)} in ${step.text.slice(0, 200)}`;
      throw new FailedStep({ kind: isRace(error) ? 'race' : 'fault', step: index, detail });
    }
    if (step.expect !== undefined && result.changes !== step.expect) {
      const detail = `${step.expect} rows expected, ${result.changes} found by ${step.text.slice(0, 200)}`;
      throw new FailedStep({ kind: 'race', step: index, detail });
    }
    return result;
  });
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailedStep) return error.failure;
  return { kind: 'fault', step: -1, detail: errorText(error) };
}

/** One batch inside the open transaction. */
function applyInSavepoint(connection: Connection, batch: Batch): Outcome {
  connection.run('SAVEPOINT batch', []);
  try {
    const results = runSteps(connection, batch);
    connection.run('RELEASE batch', []);
    return { id: batch.id, results };
  } catch (error) {
    // A full disk or a lack of memory rolls the whole transaction back: no savepoint is left, the group has failed.
    if (error instanceof BrokenDatabase || !connection.inTransaction) throw error;
    connection.run('ROLLBACK TO batch', []);
    connection.run('RELEASE batch', []);
    return { id: batch.id, failure: failureOf(error) };
  }
}

function applyAlone(connection: Connection, batch: Batch): Outcome {
  const results = runSteps(connection, batch);
  return { id: batch.id, results };
}

/**
 * Applies every batch, commits once, and says how each one ended. When this returns, what is said to have happened is
 * durable. Throws BrokenDatabase when that cannot be known.
 */
export function applyGroup(connection: Connection, batches: readonly Batch[]): Outcome[] {
  const [first] = batches;
  const alone = batches.length === 1 && first !== undefined ? first : undefined;
  try {
    connection.run('BEGIN IMMEDIATE', []);
    const outcomes = alone
      ? [applyAlone(connection, alone)]
      : batches.map((batch) => applyInSavepoint(connection, batch));
    connection.run('COMMIT', []);
    return outcomes;
  } catch (error) {
    if (error instanceof BrokenDatabase) throw error;
    if (isFatal(error)) throw new BrokenDatabase(errorText(error));
    if (connection.inTransaction) connection.run('ROLLBACK', []);
    return batches.map((batch) => ({ id: batch.id, failure: failureOf(error) }));
  }
}
