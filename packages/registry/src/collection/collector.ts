// The collector of this process: rounds in the background, and on demand. One at a time here, one replica at a time
// everywhere.
import { type LoopService, loopService } from '@longshore/base';
import type { Core } from '../core.ts';
import { type CollectionPreview, previewCollection } from './preview.ts';
import { collectRound, type RoundBounds, type RoundReport } from './round.ts';
import { createTurn, NotOurTurnError } from './turn.ts';

export interface CollectOutcome extends Omit<RoundReport, 'condemned'> {
  /** Another replica of the server is collecting just now. */
  readonly elsewhere: boolean;
}

export interface Collector {
  readonly service: LoopService;
  /** Rounds until there is nothing to do, or `more` after about `budgetMs`. */
  collect(budgetMs: number): Promise<CollectOutcome>;
  /** What `collect` would do, at most `limit` actions. */
  preview(limit: number): Promise<CollectionPreview>;
}

export function createCollector(core: Core, everyMs: number): Collector {
  const turn = createTurn(core);
  let last: Promise<unknown> = Promise.resolve();

  /** Runs after what was asked for before. */
  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  async function round(bounds: RoundBounds): Promise<RoundReport> {
    const report = await collectRound(core, turn, bounds);
    if (report.removed + report.unlinked + report.failed > 0) core.log.info({ ...report }, 'collected');
    return report;
  }

  async function collect(budgetMs: number): Promise<CollectOutcome> {
    const total = { unlinked: 0, removed: 0, removedBytes: 0, failed: 0, more: false, elsewhere: false };
    const until = core.clock.now() + budgetMs;
    try {
      for (;;) {
        const report = await round({ until });
        total.unlinked += report.unlinked;
        total.removed += report.removed;
        total.removedBytes += report.removedBytes;
        total.failed += report.failed;
        if (!report.more && report.condemned === 0 && report.unlinked === 0) return total;
        if (core.clock.now() >= until) return { ...total, more: true };
        // What was condemned is due from the next millisecond on.
        await core.clock.sleep(2);
      }
    } catch (error) {
      if (error instanceof NotOurTurnError) return { ...total, elsewhere: true };
      throw error;
    } finally {
      await turn.release();
    }
  }

  const loop = loopService({
    id: 'registry/collection',
    everyMs,
    log: core.log,
    clock: core.clock,
    step: ({ signal }) =>
      inOrder(async () => {
        try {
          const { more } = await round({ signal });
          if (more) loop.wake();
        } catch (error) {
          if (!(error instanceof NotOurTurnError)) throw error;
        } finally {
          await turn.release();
        }
      }),
  });

  return {
    service: loop,
    collect: (budgetMs) => inOrder(() => collect(budgetMs)),
    preview: (limit) => previewCollection(core.store, core.clock.now(), limit),
  };
}
