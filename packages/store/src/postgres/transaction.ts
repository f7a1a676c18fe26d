// One write as one transaction. Its statements are sent without waiting for one another (pipelined): one round trip
// when nothing has to be checked before the COMMIT, otherwise two.
import { errorText } from '@longshore/base';
import type { PoolClient, QueryResult } from 'pg';
import { StoreError } from '../errors.ts';
import { ConflictError, type Row, type Step, type StepResult } from '../types.ts';
import { meaningOf } from './faults.ts';
import type { Statement, Translate } from './statement.ts';

/** The transaction met another one and was rolled back; the same steps may be applied again. */
export class Collision extends Error {
  override readonly name = 'Collision';
}

type Settled = PromiseSettledResult<QueryResult<Row>>;

// Serial, because SQLite's writer is: a guard that reads (NOT EXISTS …) means the same in both.
const begin = 'BEGIN ISOLATION LEVEL SERIALIZABLE';

function send(client: PoolClient, statements: readonly (Statement | string)[]): Promise<Settled[]> {
  return Promise.allSettled(statements.map((statement) => client.query<Row>(statement as Statement)));
}

function stepResult(result: QueryResult<Row>): StepResult {
  return { changes: result.rowCount ?? 0, rows: result.rows };
}

// The error of `pg` is not kept as a cause: it carries values of the row ("Failing row contains …"), which no log may show.
/** What a failed statement means; `committing` if a COMMIT was on its way when it failed. */
function statementError(cause: unknown, committing: boolean, index: number, step: Step | undefined): Error {
  const meaning = meaningOf(cause);
  const detail = step ? `${errorText(cause)} in ${step.sql.text.slice(0, 200)}` : errorText(cause);
  if (meaning === 'again') return new Collision(detail);
  if (meaning === 'race') return step?.otherwise?.() ?? new ConflictError(index, detail);
  if (meaning === 'refused') return new StoreError('refused', detail);
  return new StoreError(committing ? 'unknown-outcome' : 'unavailable', errorText(cause));
}

/** The error of the first step that failed or did not meet its expectation. */
function firstFailure(settled: readonly Settled[], steps: readonly Step[], committing: boolean): Error | undefined {
  for (const [index, outcome] of settled.entries()) {
    const step = steps[index];
    if (outcome.status === 'rejected') return statementError(outcome.reason, committing, index, step);
    const { changes } = stepResult(outcome.value);
    if (step?.expect !== undefined && changes !== step.expect) {
      const detail = `${step.expect} rows expected, ${changes} found by ${step.sql.text.slice(0, 200)}`;
      return step.otherwise?.() ?? new ConflictError(index, detail);
    }
  }
  return undefined;
}

/**
 * Applies `steps` on `client` and resolves when they are durable. Throws the step's own error, ConflictError, StoreError
 * or Collision; then nothing was written (except, perhaps, when the fault is `unknown-outcome`). The client is left
 * outside of any transaction, or broken.
 */
export async function applySteps(
  client: PoolClient,
  steps: readonly Step[],
  translate: Translate,
): Promise<readonly StepResult[]> {
  const statements = steps.map((step) => translate(step.sql));
  // Returned rows are read before the COMMIT too: a value that cannot be read exactly fails the write.
  const oneTrip = steps.every((step) => step.expect === undefined && !/\bRETURNING\b/i.test(step.sql.text));
  const settled = await send(client, oneTrip ? [begin, ...statements, 'COMMIT'] : [begin, ...statements]);
  const [began, ...rest] = settled;
  if (began?.status === 'rejected') throw statementError(began.reason, oneTrip, -1, undefined);
  const failure = firstFailure(rest.slice(0, steps.length), steps, oneTrip);
  if (failure) {
    // A COMMIT after an error has rolled back already; a ROLLBACK on a broken connection has nothing to do.
    if (!oneTrip) await send(client, ['ROLLBACK']);
    throw failure;
  }
  const [committed] = oneTrip ? rest.slice(steps.length) : await send(client, ['COMMIT']);
  if (committed?.status !== 'fulfilled') throw statementError(committed?.reason, true, -1, undefined);
  return rest
    .slice(0, steps.length)
    .map((outcome) => stepResult((outcome as PromiseFulfilledResult<QueryResult<Row>>).value));
}
