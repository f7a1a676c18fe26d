// The nouns of placement: what a task demands and what an instance offers, as plain data.
import type { InstanceStatus } from '../instances.ts';
import type { Constraint, Facts } from './language/compile.ts';

export interface Demand {
  /** CPU units. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly gpus: number;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /** An address of the tasks' network, of the instance's own subnet; `own-subnet`: of one that it has already. */
  readonly address: 'none' | 'any' | 'own-subnet';
  /** Attribute names that the instance must have. */
  readonly attributes: readonly string[];
}

/**
 * What remains on an instance, and what is known of it. `attributes` is another object whenever anything changed that only
 * a registration or new attributes change: what follows from these alone may be remembered for it.
 */
export interface Offer extends Facts {
  readonly arn: string;
  readonly status: InstanceStatus;
  readonly cpu: number;
  readonly memory: number;
  /** By id, in the order of registration; `freeGpus` are the places of those that no task has. */
  readonly gpuIds: readonly string[];
  readonly freeGpus: readonly number[];
  readonly tcp: ReadonlySet<number>;
  readonly udp: ReadonlySet<number>;
  /** Of its subnet of the tasks' network; undefined while it has none. */
  readonly freeAddresses: number | undefined;
}

/** Why an instance cannot take a task. */
export type Reason =
  | 'INACTIVE'
  | 'AGENT'
  | 'ATTRIBUTE'
  | 'MEMBER_OF'
  | 'DISTINCT_INSTANCE'
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:GPU'
  | 'RESOURCE:PORTS'
  | 'RESOURCE:ENI';

export interface Strategy {
  readonly type: 'random' | 'spread' | 'binpack';
  /** spread: `instanceId`, `host` or `attribute:NAME`; binpack: `cpu` or `memory`. */
  readonly field: string;
}

/** What a caller asks of the placement. */
export interface Wishes {
  readonly distinctInstance: boolean;
  readonly memberOf: readonly Constraint[];
  /** In order of weight; none means first fit. */
  readonly strategies: readonly Strategy[];
}

/** The wishes and the group whose tasks `distinctInstance` and `spread` count. */
export interface Rules extends Wishes {
  readonly group: string;
}
