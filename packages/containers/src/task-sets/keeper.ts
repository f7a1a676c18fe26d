// The keeper of task sets: one loop over all of them, woken like that of services. Where there are none it reads one
// empty table.
import { errorText, type LoopService, loopService } from '@longshore/base';
import { ConflictError } from '@longshore/store';
import type { Core } from '../core.ts';
import { keepTaskSet } from './keep.ts';
import { allTaskSets } from './rows.ts';

const everyMs = 5_000;

export function taskSetKeeper(core: Core, settleMs: number): LoopService {
  async function keep(arn: string): Promise<boolean> {
    try {
      return await keepTaskSet(core, arn, settleMs);
    } catch (error) {
      // Another replica was quicker all the time: it has done it.
      if (error instanceof ConflictError) return false;
      core.log.error({ err: error, taskSet: arn, problem: errorText(error) }, 'a task set could not be kept');
      return false;
    }
  }

  const loop = loopService({
    id: 'container task set keeper',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      let again = false;
      for (const set of await allTaskSets(core.store)) {
        if (signal.aborted) return;
        again = (await keep(set.arn)) || again;
      }
      if (again) loop.wake();
    },
  });
  return loop;
}
