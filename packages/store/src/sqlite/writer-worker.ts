// The writer thread: the only one that writes to the database file. It takes whatever has arrived, commits it as one
// group, and answers.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { errorText } from '@longshore/base';
import { applyGroup } from './apply.ts';
import { type Connection, connect } from './driver.ts';
import type { Batch, FromWriter, ToWriter, WriterData } from './messages.ts';
import { type KnownTexts, knownTexts } from './texts.ts';

const groupLimit = 512;

function openForWriting(path: string): Connection {
  const connection = connect(path, { readOnly: false, timeoutMs: 5_000 });
  connection.exec('PRAGMA journal_mode = WAL');
  // FULL: the log is synced at every commit (https://sqlite.org/pragma.html#pragma_synchronous).
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA foreign_keys = ON');
  connection.exec('PRAGMA journal_size_limit = 67108864');
  // KiB of pages that are kept; this connection's stay valid, as nobody else writes. Taken as they are needed.
  connection.exec('PRAGMA cache_size = -65536');
  return connection;
}

function batchesOf(message: Extract<ToWriter, { kind: 'batches' }>, texts: KnownTexts): Batch[] {
  texts.learn(message.news);
  const batches = message.batches.map(({ id, steps }) => ({
    id,
    steps: steps.map(({ statement, params, expect }) => ({ text: texts.text(statement), params, expect })),
  }));
  texts.forget(message.news);
  return batches;
}

/** Everything that waits, up to about `groupLimit` batches; `closing` if a close was among it. */
function drain(port: MessagePort, first: ToWriter, texts: KnownTexts): { batches: Batch[]; closing: boolean } {
  const batches: Batch[] = [];
  for (let next: ToWriter | undefined = first; next !== undefined; ) {
    if (next.kind === 'close') return { batches, closing: true };
    batches.push(...batchesOf(next, texts));
    if (batches.length >= groupLimit) break;
    next = receiveMessageOnPort(port)?.message as ToWriter | undefined;
  }
  return { batches, closing: false };
}

function serve(port: MessagePort, path: string): void {
  const connection = openForWriting(path);
  const texts = knownTexts();
  const tell = (message: FromWriter) => port.postMessage(message);
  port.on('message', (message: ToWriter) => {
    const { batches, closing } = drain(port, message, texts);
    try {
      if (batches.length > 0) tell({ kind: 'outcomes', outcomes: applyGroup(connection, batches) });
      if (!closing) return;
      connection.close();
    } catch (error) {
      tell({ kind: 'broken', detail: errorText(error) });
    }
    port.close();
  });
  tell({ kind: 'ready' });
}

if (parentPort) serve(parentPort, (workerData as WriterData).path);
