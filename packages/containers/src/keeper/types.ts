// The nouns of keeping a service, as plain data: what the plan is made from, and the plan.
import type { CircuitBreaker, Deployment, Move, ServiceStatus } from '../services/rows.ts';
import type { Rollout } from '../services/rollouts.ts';
import type { ShiftingStrategy } from '../services/strategy.ts';
import type { WatchedNow } from './alarms.ts';
import type { DesiredStatus, Health, TaskStatus } from '../tasks.ts';

export interface KeptTask {
  readonly arn: string;
  readonly deploymentId: string;
  readonly instanceArn: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: DesiredStatus;
  readonly healthStatus: Health;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly createdAt: number;
  readonly stopCode: string;
  /** What its load balancers say; '' if it has none. */
  readonly targetHealth: '' | 'INITIAL' | 'HEALTHY' | 'UNHEALTHY';
  /** Its instance is to be emptied. */
  readonly draining: boolean;
  /** Its instance has not been heard of for too long. */
  readonly lost: boolean;
  /** Until when neither scaling in nor a deployment may stop it; 0 if it is not protected. */
  readonly protectedUntil: number;
  /** The availability zone of its instance; '' if it has none. */
  readonly zone: string;
}

/** An instance of the service's cluster, seen by a service. */
export interface KeptInstance {
  readonly arn: string;
  readonly zone: string;
  readonly status: 'ACTIVE' | 'DRAINING';
  readonly connected: boolean;
  readonly lost: boolean;
  /** It has the attributes and satisfies the constraints. */
  readonly suits: boolean;
  /** There is room for one more task now. */
  readonly room: boolean;
  /** Tasks on it, not stopped, that no daemon service keeps. */
  readonly others: number;
}

export interface KeptService {
  readonly status: ServiceStatus;
  readonly strategy: 'REPLICA' | 'DAEMON';
  readonly external: boolean;
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** How long after its start a task is not called unhealthy. */
  readonly graceMs: number;
  readonly circuitBreaker: CircuitBreaker | undefined;
  /** Undefined where none are watched now. */
  readonly alarms: (WatchedNow & { readonly rollback: boolean }) | undefined;
  /** How traffic goes from one revision to the next; undefined for ROLLING. */
  readonly shifting: ShiftingStrategy | undefined;
  /** The primary one first. */
  readonly deployments: readonly Deployment[];
  readonly lastCompleted: Deployment | undefined;
  readonly rollout: Rollout | undefined;
  readonly moving: Move | undefined;
  /** What is kept even when nothing else is to be done: zones, or zones and the instances in them. */
  readonly balance: 'none' | 'zones' | 'instances';
  readonly steady: boolean;
}

export interface Stop {
  readonly arn: string;
  readonly why: 'scaling' | 'unhealthy' | 'unhealthy target' | 'deleted' | 'lost';
}

/** What happened in a round that the service tells of. */
export type News = 'completed' | 'failed' | 'rolling back' | 'rolled back' | 'struggling' | 'blocked' | 'steady';

export interface ServicePlan {
  /** Tasks of the primary deployment to start now, wherever there is room. */
  readonly start: number;
  /** The deployment that `start` is of, where it is not the primary one. */
  readonly startOf: string | undefined;
  /** Instances to start one on, each. */
  readonly startOn: readonly string[];
  readonly stop: readonly Stop[];
  /** To be stopped only if none of `start` finds room: it makes room itself. */
  readonly stopIfNoRoom: readonly Stop[];
  /** STOPPED tasks that have been taken note of. */
  readonly settle: readonly string[];
  readonly desiredCount: number;
  readonly deployments: readonly Deployment[];
  readonly lastCompleted: Deployment | undefined;
  readonly rollout: Rollout | undefined;
  readonly moving: Move | undefined;
  readonly steady: boolean;
  /** A draining service whose last task has stopped. */
  readonly finished: boolean;
  readonly news: readonly News[];
  /** The deployment that failed in this round. */
  readonly failed: Deployment | undefined;
  /** When time alone may change the plan: a pause is over, a task has run long enough. Undefined if it will not. */
  readonly lookAgainAt: number | undefined;
}

export interface PlanSettings {
  readonly now: number;
  /** How long a task without a health check must run to count as healthy (ECS: 40 s). */
  readonly settleMs: number;
}

/** What a strategy decides; the rest of the plan is the same for all. */
export interface Moves {
  readonly start: number;
  readonly startOf?: string | undefined;
  readonly startOn: readonly string[];
  readonly stop: readonly Stop[];
  readonly stopIfNoRoom: readonly Stop[];
  readonly desiredCount: number;
  readonly moving: Move | undefined;
  /** All that is wanted runs and is healthy, and nothing else is there. */
  readonly settled: boolean;
  /** Nothing can be done: the minimum forbids to stop, the maximum forbids to start. */
  readonly blocked: boolean;
  readonly times: readonly number[];
}
