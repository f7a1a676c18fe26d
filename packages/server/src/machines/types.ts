// Groups of machines that this server can make and unmake for capacity providers: what all kinds of them have in common.
import type { MachineGroup } from '@longshore/containers';

/** A group that may need to take up what it left running. */
export interface RunningGroup extends MachineGroup {
  /** Before the server listens: what its machines need of this host. */
  prepare(): Promise<void>;
  /** After a start of the server or of this host: brings the machines there are back to life. */
  resume(): Promise<void>;
}

export type LaunchOrder = Parameters<MachineGroup['launch']>[0];

export interface Bounds {
  readonly minSize: number;
  readonly maxSize: number;
  /** What one machine offers: CPU units and MiB. */
  readonly size: { readonly cpu: number; readonly memory: number };
}
