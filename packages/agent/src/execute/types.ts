// What executing a step needs and gives.
import type { Clock, Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import type { Secrets } from '../secrets/types.ts';
import type { Holders } from '../network/holders.ts';
import type { PreparedNetworks } from '../network/prepared.ts';
import type { RoleKeys } from '../endpoint/role-keys.ts';
import type { TaskEndpoint } from '../endpoint/endpoint.ts';
import type { TaskNetworks } from '../network/task-network.ts';
import type { LogSink } from '../logs/types.ts';
import type { Step } from '../plan/types.ts';
import type { CreateContext } from '../task/create-body.ts';
import type { ObservedContainer, TaskReport, TaskRecord } from '../task/types.ts';
import type { HostPorts } from './host-ports.ts';
import type { Limit } from './limit.ts';
import type { Puller } from './pull.ts';

/** Tells the control plane; throws `ReportRefused` if it will never accept, anything else if it may later. */
export interface Reporter {
  submit(record: TaskRecord, report: TaskReport, signal: AbortSignal): Promise<void>;
}

/** Everything that steps act on. */
export interface Hands {
  readonly engine: Engine;
  readonly puller: Puller;
  readonly secrets: Secrets;
  readonly logs: Pick<LogSink, 'prepare'>;
  readonly executionKeys: RoleKeys['execution'];
  readonly hostPorts: HostPorts;
  readonly reporter: Reporter;
  readonly networks: PreparedNetworks;
  readonly holders: Holders;
  readonly taskNetworks: TaskNetworks;
  readonly endpoint: Pick<TaskEndpoint, 'environment'>;
  readonly owner: () => CreateContext;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bounds how many containers are made and started at once. */
  readonly launchLimit: Limit;
}

/** What a step sees of its task while it runs. */
export interface StepContext {
  /** The record as it is now. */
  readonly record: () => TaskRecord;
  /** Whether an earlier try of this very step failed: what it did, if anything, is not known. */
  readonly again: boolean;
  /** What was last seen of a container. */
  readonly seen: (container: string) => ObservedContainer | undefined;
  /** Reads the container anew from the Engine into what is observed, after all earlier readings. */
  readonly refresh: (container: string) => Promise<void>;
  /** The same after a start, unless a reading shows already that it runs. */
  readonly refreshStarted: (container: string) => Promise<void>;
  /** Notes a container that was made just now (in the namespace of `holder`), without asking the Engine. */
  readonly noteCreated: (container: string, id: string, holder?: string) => void;
  /** The id under which the container is observed; undefined if it does not exist. */
  readonly idOf: (container: string) => string | undefined;
  /** Resolves when the record is on disk as it is now. */
  readonly saved: () => Promise<void>;
  /** Fires when the step is no longer wanted. */
  readonly signal: AbortSignal;
}

/** What a step did to the record, as a pure change of whatever the record is when it ends. */
export type Change = (record: TaskRecord, now: number) => TaskRecord;

export type StepTable = {
  readonly [Kind in Step['kind']]: (
    step: Extract<Step, { readonly kind: Kind }>,
    context: StepContext,
    hands: Hands,
  ) => Promise<Change | 'forgotten'>;
};
