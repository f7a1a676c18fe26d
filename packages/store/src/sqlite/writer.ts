// The store's side of the writer thread: a bounded queue, and one promise for each batch.
import { Worker } from 'node:worker_threads';
import { errorText, type Logger } from '@longshore/base';
import { statementShape } from '../dialect.ts';
import { StoreError } from '../errors.ts';
import { lru } from '../lru.ts';
import { checkParams } from '../params.ts';
import type { SqlValue } from '../sql.ts';
import { ConflictError, type Step, type StepResult } from '../types.ts';
import type { Failure, FromWriter, Outcome, PlainStep, SentBatch, ToWriter, WriterData } from './messages.ts';
import { numberTexts } from './texts.ts';

/** Statements that are known by their number, and whose parameters are counted. */
const statementLimit = 1000;
const waitingLimit = 20_000;
const waitingBytesLimit = 256 * 1024 * 1024;

export interface Writer {
  write(steps: readonly Step[]): Promise<readonly StepResult[]>;
  /** Finishes what waits, then ends the thread. */
  close(): Promise<void>;
}

interface Waiting {
  readonly steps: readonly Step[];
  readonly bytes: number;
  readonly resolve: (results: readonly StepResult[]) => void;
  readonly reject: (error: Error) => void;
}

function sizeOf(value: SqlValue): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
}

// Checked on this side, because a message that cannot be cloned would throw where nobody listens. Bytes are copied: a
// view of a larger buffer would take the whole buffer along, and the caller may reuse it.
export function plain(step: Step, paramCount: number): PlainStep {
  checkParams(step.sql.text, step.sql.params, paramCount);
  const params = step.sql.params.map((value) => (value instanceof Uint8Array ? new Uint8Array(value) : value));
  return { text: step.sql.text, params, expect: step.expect };
}

export function errorOf(failure: Failure, steps: readonly Step[]): Error {
  if (failure.kind === 'race') {
    return steps[failure.step]?.otherwise?.() ?? new ConflictError(failure.step, failure.detail);
  }
  return new StoreError(failure.kind === 'fault' ? 'refused' : 'unknown-outcome', failure.detail);
}

/** Starts the thread and resolves when the database is open. Rejects with what SQLite says if it cannot be opened. */
export async function startWriter(path: string, log: Logger): Promise<Writer> {
  const file = import.meta.url.endsWith('.ts') ? './writer-worker.ts' : './writer-worker.js';
  const workerData: WriterData = { path };
  const worker = new Worker(new URL(file, import.meta.url), { workerData, execArgv: [] });
  const waiting = new Map<number, Waiting>();
  const paramCounts = lru<number>(statementLimit);
  const numbers = numberTexts(statementLimit);
  let outgoing: SentBatch[] = [];
  let waitingBytes = 0;
  let lastId = 0;
  let closing = false;
  let ended: Error | undefined;
  const gone = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();

  function take(id: number): Waiting | undefined {
    const entry = waiting.get(id);
    waiting.delete(id);
    waitingBytes -= entry?.bytes ?? 0;
    return entry;
  }

  function settle(outcome: Outcome): void {
    const entry = take(outcome.id);
    if (!entry) return;
    if ('results' in outcome) entry.resolve(outcome.results);
    else entry.reject(errorOf(outcome.failure, entry.steps));
  }

  function end(error: Error): void {
    if (ended) return;
    ended = error;
    ready.reject(error);
    for (const id of waiting.keys()) take(id)?.reject(error);
    outgoing = [];
  }

  function breakDown(detail: string): void {
    if (ended) return;
    log.error({ detail }, 'the writer of the database has failed; the store is closed');
    end(new StoreError('closed', `its writer has failed (${detail}); the last writes may or may not have happened`));
  }

  worker.on('message', (message: FromWriter) => {
    if (message.kind === 'ready') ready.resolve();
    else if (message.kind === 'broken') breakDown(message.detail);
    else for (const outcome of message.outcomes) settle(outcome);
  });
  worker.on('error', (error) => breakDown(errorText(error)));
  worker.on('exit', (code) => {
    if (closing && waiting.size === 0) end(new StoreError('closed'));
    else breakDown(`exit code ${code}`);
    gone.resolve();
  });

  function send(): void {
    if (outgoing.length === 0 || ended) return;
    const message: ToWriter = { kind: 'batches', batches: outgoing, news: numbers.news() };
    outgoing = [];
    worker.postMessage(message);
  }

  function batchOf(steps: readonly Step[]): SentBatch {
    const counted = (text: string) => paramCounts.get(text, (t) => statementShape(t).params);
    const checked = steps.map((step) => plain(step, counted(step.sql.text)));
    return {
      id: ++lastId,
      steps: checked.map(({ text, params, expect }) => ({ statement: numbers.of(text), params, expect })),
    };
  }

  await ready.promise;
  return {
    async write(steps) {
      if (ended) throw ended;
      if (closing) throw new StoreError('closed');
      const batch = batchOf(steps);
      const bytes = batch.steps.reduce((sum, s) => s.params.reduce<number>((n, p) => n + sizeOf(p), sum), 0);
      if (waiting.size >= waitingLimit || waitingBytes + bytes > waitingBytesLimit) throw new StoreError('busy');
      return new Promise((resolve, reject) => {
        waiting.set(batch.id, { steps, bytes, resolve, reject });
        waitingBytes += bytes;
        // Writes of one turn of the event loop travel as one message.
        if (outgoing.push(batch) === 1) setImmediate(send);
      });
    },
    async close() {
      if (!closing && !ended) {
        closing = true;
        send();
        worker.postMessage({ kind: 'close' } satisfies ToWriter);
      }
      await gone.promise;
    },
  };
}
