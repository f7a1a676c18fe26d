// The nouns of placement: what a task demands and what an instance offers, as plain data.
import type { InstanceStatus } from '../instances.ts';

export interface Demand {
  /** CPU units. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /** Attribute names that the instance must have. */
  readonly attributes: readonly string[];
}

/** What remains on an instance. */
export interface Offer {
  readonly arn: string;
  readonly status: InstanceStatus;
  readonly connected: boolean;
  readonly cpu: number;
  readonly memory: number;
  readonly tcp: ReadonlySet<number>;
  readonly udp: ReadonlySet<number>;
  readonly attributes: ReadonlyMap<string, string>;
  /** Tasks of the same group on it that are not stopped. */
  readonly sameGroup: number;
}

/** Why an instance cannot take a task, in ECS's words. */
export type Reason =
  | 'INACTIVE'
  | 'AGENT'
  | 'ATTRIBUTE'
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:PORTS'
  | 'DISTINCT_INSTANCE';

export interface Strategy {
  readonly type: 'random' | 'spread' | 'binpack';
  /** spread: `instanceId`, `host` or `attribute:NAME`; binpack: `cpu` or `memory`. */
  readonly field: string;
}

export interface Rules {
  readonly distinctInstance: boolean;
  /** In order of weight; none means first fit. */
  readonly strategies: readonly Strategy[];
}
