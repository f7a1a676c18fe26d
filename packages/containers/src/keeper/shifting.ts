// A deployment that shifts traffic, in the plan of its service: which stage it is in, and that both revisions stay until the
// load balancer has been told what follows.
import { planGreen } from './green.ts';
import { type Course, isBlind } from './rollout.ts';
import { advance, isBefore, sameTraffic } from './stages.ts';
import type { KeptService, KeptTask, Moves, PlanSettings } from './types.ts';

export interface Shifted {
  readonly course: Course;
  /** What moves as long as both stay; undefined when the old revision may go, as in a rolling deployment. */
  readonly both: Moves | undefined;
  readonly at: number;
}

/** Undefined where no traffic is being shifted. */
export function planShifting(
  service: KeptService,
  course: Course,
  tasks: readonly KeptTask[],
  settings: PlanSettings,
): Shifted | undefined {
  const { rollout } = course;
  const { shifting } = service;
  if (rollout?.stage === undefined || shifting === undefined) return undefined;
  const waits = !sameTraffic(rollout.traffic, rollout.applied);
  // Back: nothing of what is given up stops before all traffic is away from it.
  if (rollout.status === 'ROLLBACK_IN_PROGRESS' && waits)
    return { course, both: planGreen(service, tasks, settings, { clears: false }), at: 0 };
  const [primary] = service.deployments;
  if (rollout.status !== 'IN_PROGRESS' || primary?.id !== rollout.deploymentId) return undefined;
  const replaces = service.lastCompleted !== undefined && service.lastCompleted.id !== primary.id;
  const { scaledUp } = planGreen(service, tasks, settings, {});
  const staged = advance(rollout, shifting, { now: settings.now, scaledUp, replaces, blind: isBlind(service) });
  const next: Course = { ...course, rollout: staged.rollout };
  const over = staged.rollout.stage === 'CLEAN_UP';
  const both = over
    ? undefined
    : planGreen(service, tasks, settings, { starts: !isBefore(staged.rollout, 'SCALE_UP') });
  return { course: next, both, at: staged.at };
}
