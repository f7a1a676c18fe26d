// Shipping of all containers of this agent that have the log driver `awslogs`: one shipment each, taken up again after a
// restart where it was left.
import { join } from 'node:path';
import {
  type Clock,
  digestHex,
  digestOf,
  type Disk,
  errorText,
  type Logger,
  type LoopService,
  loopService,
  openFolder,
  readIfThere,
  removeDurably,
  writeDurably,
} from '@longshore/base';
import type { AcsContainer } from '@longshore/aws';
import type { TaskRecord } from '../task/types.ts';
import type { Worker } from '../worker.ts';
import { ship } from './ship.ts';
import { hasTerminal, logTarget } from './target.ts';
import type { Credentials, LogSink, LogSource } from './types.ts';

/** It is woken by what happens to containers; this often it looks by itself. */
const everyMs = 10_000;
const retryMs = 1_000;
const maxFileBytes = 4096;

/** What is kept of a container's shipment. */
interface Progress {
  readonly containerId: string;
  /** The time of the last line that was taken. */
  readonly taken?: string | undefined;
}

export interface ShippingParts {
  readonly dataDir: string;
  readonly disk: Disk;
  readonly workers: () => readonly Worker[];
  readonly source: LogSource;
  readonly sink: LogSink;
  readonly credentialsOf: (record: TaskRecord) => Credentials | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createLogShipping(parts: ShippingParts): LoopService {
  const { clock, log, disk } = parts;
  const dir = join(parts.dataDir, 'logs');
  const fileOf = (id: string) => join(dir, `${digestHex(digestOf(id)).slice(0, 40)}.json`);
  /** By container id. */
  const underWay = new Map<string, Promise<void>>();
  /** By container id and the beginning of its run: a further run is followed anew. */
  const finished = new Set<string>();
  let isOpen = false;

  async function progressOf(id: string): Promise<Progress> {
    const text = await readIfThere(fileOf(id), maxFileBytes, disk).catch(() => undefined);
    try {
      return text === undefined ? { containerId: id } : (JSON.parse(text) as Progress);
    } catch {
      // Cut off by a crash: the output is read again from its beginning.
      return { containerId: id };
    }
  }

  async function follow(worker: Worker, container: AcsContainer, id: string, signal: AbortSignal): Promise<void> {
    const target = logTarget(worker.record().task, container);
    if (!target) return;
    const { taken: since } = await progressOf(id);
    await ship({
      containerId: id,
      tty: hasTerminal(container),
      target,
      source: parts.source,
      sink: parts.sink,
      credentials: () => parts.credentialsOf(worker.record()),
      since,
      async taken(at) {
        const progress: Progress = { containerId: id, taken: at };
        await writeDurably(fileOf(id), JSON.stringify(progress), disk).catch((error: unknown) =>
          log.warn({ container: id, problem: errorText(error) }, 'how far logs were shipped cannot be saved'),
        );
      },
      clock,
      log,
      signal,
    });
  }

  function consider(worker: Worker, container: AcsContainer, signal: AbortSignal): void {
    const seen = worker.observed().get(container.name);
    if (!seen || seen.status === 'created') return;
    const key = `${seen.id} ${seen.startedAt ?? 0}`;
    if (underWay.has(seen.id) || finished.has(key) || !container.dockerConfig.hostConfig.includes('awslogs')) return;
    const work = follow(worker, container, seen.id, signal)
      .then(() => void finished.add(key))
      .catch(async (error: unknown) => {
        if (signal.aborted) return;
        log.warn({ container: seen.id, problem: errorText(error) }, 'output cannot be followed: it is tried again');
        await clock.sleep(retryMs, signal);
      })
      .finally(() => {
        underWay.delete(seen.id);
        // For its next run, which may have begun meanwhile, or the next try.
        loop.wake();
      });
    underWay.set(seen.id, work);
  }

  /** Forgets what belongs to containers that are gone. */
  async function tidy(workers: readonly Worker[]): Promise<void> {
    const ids = new Set(workers.flatMap((worker) => [...worker.observed().values()].map((each) => each.id)));
    for (const key of finished) {
      const [id = ''] = key.split(' ');
      if (ids.has(id)) continue;
      finished.delete(key);
      await removeDurably(fileOf(id), disk);
    }
  }

  const loop = loopService({
    id: 'agent log shipping',
    everyMs,
    log,
    clock,
    async step({ signal }) {
      if (!isOpen) await openFolder(dir, disk);
      isOpen = true;
      const workers = parts.workers();
      for (const worker of workers)
        for (const container of worker.record().task.containers) consider(worker, container, signal);
      await tidy(workers);
    },
  });
  return loop;
}
