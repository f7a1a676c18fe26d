// Removes images that this agent pulled and no task here has used for a while: a few a round, never by force, so that the
// Engine itself refuses what any container uses. Images that others brought are not touched.
import { errorText, type Clock, type Logger, type LoopService, loopService } from '@longshore/base';
import { createTransport } from '../docker/transport.ts';
import { isStatus } from '../docker/errors.ts';
import type { PulledImages } from '../state/pulled-images.ts';
import type { TaskRecord } from '../task/types.ts';

/** As ECS's agent: five a round. */
const mostARound = 5;
const removeMs = 120_000;

export interface ImageRemover {
  /** Takes the name off the image, and the image away where that was its last. Throws EngineError 409 if it is in use. */
  remove(image: string): Promise<void>;
  close(): void;
}

export function createImageRemover(options: { readonly dockerHost: string }): ImageRemover {
  const transport = createTransport(options.dockerHost);
  return {
    async remove(image) {
      await transport.call({ method: 'DELETE', path: `/images/${encodeURIComponent(image)}`, timeoutMs: removeMs });
    },
    close: () => transport.close(),
  };
}

export interface CleaningParts {
  readonly images: PulledImages;
  readonly remover: ImageRemover;
  /** Every task on this machine, the stopped ones that are kept too. */
  readonly records: () => readonly TaskRecord[];
  readonly minAgeMs: number;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export function imageCleaning(parts: CleaningParts): LoopService {
  const { images, remover, clock, log } = parts;
  return loopService({
    id: 'agent image cleaning',
    everyMs: parts.everyMs,
    log,
    clock,
    async step({ signal }) {
      const inUse = () =>
        new Set(parts.records().flatMap((record) => record.task.containers.map((each) => each.image)));
      const idle = images.idle(inUse(), clock.now() - parts.minAgeMs).slice(0, mostARound);
      for (const image of idle) {
        if (signal.aborted || inUse().has(image)) continue;
        try {
          await remover.remove(image);
          log.info({ image }, 'an image that no task uses any more was removed');
        } catch (error) {
          // In use by somebody's container: it stays, and is looked at again.
          if (isStatus(error, 409)) continue;
          if (!isStatus(error, 404)) {
            log.warn({ image, problem: errorText(error) }, 'an image cannot be removed');
            continue;
          }
        }
        await images.forget(image);
      }
    },
  });
}
