// The keeper: one loop that looks over all services — two queries — and brings forward those for which there is something
// to do. Woken by what happens to tasks and services, else every few seconds.
import { errorText, type LoopService, loopService } from '@longshore/base';
import { ConflictError } from '@longshore/store';
import type { Core } from '../core.ts';
import { keptServices } from '../services/rows.ts';
import { watchAlarms } from './alarms.ts';
import { keepService } from './keep.ts';
import { keptInstances } from './instances.ts';
import { isIdle, needsInstances, planService } from './plan.ts';
import { keptService, readKeptTasks } from './read.ts';
import { isUnshifted, shiftTraffic } from './shift.ts';
import type { KeptService } from './types.ts';

const everyMs = 5_000;
const balanceMs = 10_000;

export function serviceKeeper(core: Core, settleMs: number): LoopService {
  async function keep(arn: string): Promise<boolean> {
    try {
      return await keepService(core, arn, settleMs);
    } catch (error) {
      // Another replica was quicker all the time: it has done it.
      if (error instanceof ConflictError) return false;
      core.log.error({ err: error, service: arn, problem: errorText(error) }, 'a service could not be kept');
      return false;
    }
  }

  async function shift(arn: string): Promise<boolean> {
    try {
      return await shiftTraffic(core, arn);
    } catch (error) {
      core.log.error({ err: error, service: arn, problem: errorText(error) }, 'traffic could not be shifted');
      return false;
    }
  }

  /** When the instances were last looked at for a service at rest. */
  const lookedAt = new Map<string, number>();
  /** A daemon each time; a service at rest now and then, since it is only whether another place would be better. */
  function looksAround(kept: KeptService, arn: string): boolean {
    if (!needsInstances(kept)) {
      lookedAt.delete(arn);
      return false;
    }
    if (kept.strategy === 'DAEMON') return true;
    const now = core.clock.now();
    if (now - (lookedAt.get(arn) ?? 0) < balanceMs) return false;
    lookedAt.set(arn, now);
    return true;
  }

  let alarm: number | undefined;
  /** Wakes the loop when a plan changes by time alone, if that is before the next round. One alarm at a time. */
  async function wakeAt(time: number, signal: AbortSignal): Promise<void> {
    const wait = time - core.clock.now();
    if (wait >= everyMs || (alarm !== undefined && alarm <= time)) return;
    alarm = time;
    await core.clock.sleep(Math.max(1, wait), signal);
    if (alarm === time) alarm = undefined;
    loop.wake();
  }

  const loop = loopService({
    id: 'container service keeper',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      const services = await keptServices(core.store);
      if (services.length === 0) return;
      const tasks = await readKeptTasks(core.store);
      let again = false;
      const later: number[] = [];
      for (const service of services) {
        if (signal.aborted) return;
        const kept = keptService(service, await watchAlarms(core, service));
        const settings = { now: core.clock.now(), settleMs };
        const instances = looksAround(kept, service.arn) ? await keptInstances(core, core.store, service) : [];
        const plan = planService(kept, tasks.get(service.arn) ?? [], instances, settings);
        if (plan.lookAgainAt !== undefined) later.push(plan.lookAgainAt);
        if (!isIdle(kept, plan)) again = (await keep(service.arn)) || again;
        if (isUnshifted(plan.rollout)) again = (await shift(service.arn)) || again;
      }
      // What was done may allow more (a batch that was cut, a deployment that can be dropped).
      if (again) loop.wake();
      else if (later.length > 0) void wakeAt(Math.min(...later), signal);
    },
  });
  return loop;
}
