// What every operation and every loop of the container service works with. One object, made once by `createContainers`.
import type { CallContext } from '@longshore/aws';
import type { Clock, Counter, Gauge, Histogram, Logger } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { Fresh } from './acs/deliveries.ts';
import type { LivenessTimes } from './liveness/times.ts';
import type { ExecSessions } from './exec/sessions.ts';
import type { Place } from './names.ts';
import type { AlarmWatch, LoadBalancing, MachineGroup, ServiceDiscovery, TaskRoles } from './types.ts';
import type { TaskNetwork } from './network/subnets.ts';
import type { Capacity } from './placement/capacity.ts';
import type { Propose } from './placement/scheduler.ts';

export interface Counters {
  readonly tasksStarted: Counter;
  readonly tasksStopped: Counter;
  readonly placementFailures: Counter;
  readonly deliveries: Counter;
  readonly agentFrames: Counter;
  /** CapacityProviderReservation by cluster and provider, in percent. */
  readonly reservation: Gauge;
  /** Seconds from RunTask to the report of RUNNING. */
  readonly startSeconds: Histogram;
}

export interface Core {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly replica: string;
  readonly counters: Counters;
  readonly taskRoles?: TaskRoles | undefined;
  readonly loadBalancing?: LoadBalancing | undefined;
  readonly alarms?: AlarmWatch | undefined;
  readonly serviceDiscovery?: ServiceDiscovery | undefined;
  readonly liveness: LivenessTimes;
  /** Where tasks in awsvpc mode have their addresses. */
  readonly taskNetwork: TaskNetwork;
  /** What the instances have to give. */
  readonly capacity: Capacity;
  /** A scheduler of the customer's own. */
  readonly propose?: Propose | undefined;
  /** Sessions in containers. */
  readonly exec: ExecSessions;
  /** Tells the instance's session, if this replica has it, that there may be something to deliver; `fresh` at least. */
  wakeInstance(instanceArn: string, fresh?: readonly Fresh[]): void;
  /** Tells the queue of tasks that wait for capacity, and managed scaling, that there may be something to do. */
  wakeCapacity(): void;
  /** The group of machines of that name that the account may use. */
  machineGroup(account: string, name: string): MachineGroup | undefined;
  /** Tells the keeper that a service or one of its tasks changed. */
  wakeKeeper(): void;
}

/** The region and account that a caller's names are resolved in. */
export function placeOf(call: Pick<CallContext, 'principal' | 'region'>): Place {
  return { region: call.region, account: call.principal.account };
}
