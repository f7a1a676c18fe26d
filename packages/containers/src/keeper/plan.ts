// Keeping a service: from what is wanted and the tasks there are to what must be started and stopped. Pure. The strategy
// (REPLICA, DAEMON) says what moves; here is what is the same for all: failures, the course of the deployment, the end.
import type { Deployment } from '../services/rows.ts';
import { planDaemon } from './daemon.ts';
import { noteFailures } from './failures.ts';
import { planMove } from './move.ts';
import { planReplica } from './replica.ts';
import { bakesUntil, complete, type Course, judge } from './rollout.ts';
import { planShifting } from './shifting.ts';
import type { KeptInstance, KeptService, KeptTask, Moves, News, PlanSettings, ServicePlan } from './types.ts';

function nothingMore(service: KeptService, settle: readonly string[]): ServicePlan {
  return {
    start: 0,
    startOf: undefined,
    startOn: [],
    stop: [],
    stopIfNoRoom: [],
    settle,
    desiredCount: service.desiredCount,
    deployments: service.deployments,
    lastCompleted: service.lastCompleted,
    rollout: service.rollout,
    moving: undefined,
    steady: service.steady,
    finished: false,
    news: [],
    failed: undefined,
    lookAgainAt: undefined,
  };
}

/** A service that is being deleted: everything stops; after the last task it is finished. */
function drain(service: KeptService, tasks: readonly KeptTask[], settle: readonly string[]): ServicePlan {
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  const told = alive.filter((task) => task.desiredStatus === 'RUNNING');
  // Nobody can say when an instance that is lost will be heard of again: what is left there stops on its return.
  const awaited = alive.filter((task) => !task.lost || task.desiredStatus === 'RUNNING');
  return {
    ...nothingMore(service, settle),
    stop: told.map(({ arn }) => ({ arn, why: 'deleted' as const })),
    deployments: awaited.length === 0 ? [] : service.deployments,
    steady: false,
    finished: awaited.length === 0,
  };
}

function lookAgainAt(times: readonly number[], now: number): number | undefined {
  const later = times.filter((time) => time > now);
  return later.length === 0 ? undefined : Math.min(...later);
}

/** Unhealthy tasks of the primary deployment that are stopped count as its failures. */
function countUnhealthy(deployments: readonly Deployment[], tasks: readonly KeptTask[], moves: Moves): Deployment[] {
  const sick = new Set(moves.stop.filter((each) => each.why.startsWith('unhealthy')).map((each) => each.arn));
  return deployments.map((deployment) => {
    const mine = tasks.filter((task) => task.deploymentId === deployment.id && sick.has(task.arn)).length;
    return mine === 0 ? deployment : { ...deployment, failedTasks: deployment.failedTasks + mine };
  });
}

function newsOf(service: KeptService, course: readonly News[], deployments: readonly Deployment[], moves: Moves) {
  const [before, now] = [service.deployments[0]?.failedRounds ?? 0, deployments[0]?.failedRounds ?? 0];
  const news = [...course];
  if (now >= 3 && now > before) news.push('struggling');
  if (moves.blocked) news.push('blocked');
  return news;
}

/** With a task that moves, if one should. */
function withMove(
  service: KeptService,
  tasks: readonly KeptTask[],
  instances: readonly KeptInstance[],
  moves: Moves,
  settings: PlanSettings,
): Moves {
  const to = moves.settled && instances.length > 0 ? planMove(service, tasks, instances, settings) : undefined;
  return to === undefined ? moves : { ...moves, startOn: [to], moving: { to, since: settings.now } };
}

interface Planned {
  readonly course: Course;
  readonly moves: Moves;
  /** When time alone brings the deployment on; 0 if it does not. */
  readonly at: number;
}

/** What the strategy moves. As long as traffic is shifted, both revisions stay. */
function movesOf(
  before: KeptService,
  course: Course,
  tasks: readonly KeptTask[],
  instances: readonly KeptInstance[],
  settings: PlanSettings,
): Planned {
  const service: KeptService = { ...before, deployments: course.deployments };
  if (service.strategy === 'DAEMON') return { course, moves: planDaemon(service, tasks, instances, settings), at: 0 };
  const shifted = planShifting(service, course, tasks, settings);
  if (shifted?.both !== undefined) return { course: shifted.course, moves: shifted.both, at: shifted.at };
  const moves = withMove(service, tasks, instances, planReplica(service, tasks, settings), settings);
  return { course: shifted?.course ?? course, moves, at: shifted?.at ?? 0 };
}

/** `instances` are those of its cluster, for a service that `needsInstances`; else none. */
export function planService(
  service: KeptService,
  tasks: readonly KeptTask[],
  instances: readonly KeptInstance[],
  settings: PlanSettings,
): ServicePlan {
  const { now } = settings;
  const settle = tasks.filter((task) => task.lastStatus === 'STOPPED').map((task) => task.arn);
  if (service.status !== 'ACTIVE') return drain(service, tasks, settle);
  // The ends of an external service's tasks are counted by its task sets.
  if (service.external) return nothingMore(service, []);
  if (service.deployments.length === 0) return nothingMore(service, settle);

  const noted = service.deployments.map((each) => noteFailures(each, tasks, service, settings));
  const judged = judge(service, noted, now);
  const { course, moves, at } = movesOf(service, judged, tasks, instances, settings);

  const alive = new Set(
    tasks.filter((task) => task.lastStatus !== 'STOPPED' && !task.lost).map((task) => task.deploymentId),
  );
  const left = course.deployments.filter((each, at) => at === 0 || alive.has(each.id));
  const deployments = countUnhealthy(left, tasks, moves);
  const steady = moves.settled && deployments.length === 1 && deployments[0]?.rolloutState !== 'FAILED';
  const ended = steady ? complete(service, { ...course, deployments }, now) : { ...course, deployments };
  const news = newsOf(service, ended.news, ended.deployments, moves);
  const retryAt = ended.deployments[0]?.retryAt ?? 0;
  return {
    start: moves.start,
    startOf: moves.startOf,
    startOn: moves.startOn,
    stop: moves.stop,
    stopIfNoRoom: moves.stopIfNoRoom,
    settle,
    desiredCount: moves.desiredCount,
    deployments: ended.deployments,
    lastCompleted: ended.lastCompleted,
    rollout: ended.rollout,
    moving: moves.moving,
    steady,
    finished: false,
    failed: course.failed,
    news: steady && !service.steady ? [...news, 'steady'] : news,
    lookAgainAt: lookAgainAt([...moves.times, retryAt, at, bakesUntil(service, ended.rollout)], now),
  };
}

/** Whether its plan looks at instances: where a daemon is to be, or where a task at rest had better be. */
export function needsInstances(service: KeptService): boolean {
  if (service.status !== 'ACTIVE' || service.external) return false;
  if (service.strategy === 'DAEMON') return true;
  return service.balance !== 'none' && service.steady && service.moving === undefined && service.desiredCount > 0;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether the plan changes nothing. That a deployment is blocked is said, but is no reason to write again and again. */
export function isIdle(service: KeptService, plan: ServicePlan): boolean {
  return (
    plan.start === 0 &&
    plan.startOn.length === 0 &&
    plan.stop.length === 0 &&
    plan.settle.length === 0 &&
    !plan.finished &&
    plan.steady === service.steady &&
    plan.desiredCount === service.desiredCount &&
    !plan.news.includes('blocked') &&
    same(plan.moving, service.moving) &&
    same(plan.rollout, service.rollout) &&
    same(plan.deployments, service.deployments)
  );
}
