// What every part of the registry works with; made once by `createRegistry` and handed to functions.
import type { AuditTrail, Authorizer, PolicyDocument } from '@longshore/aws';
import { type BodyReader, type Clock, type Logger } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import type { RegistryTokens } from '@longshore/identity';
import type { Store } from '@longshore/store';
import type { Counters } from './counters.ts';
import type { LayerKeys } from './encryption/layer-keys.ts';
import type { Sealing } from './encryption/sealing.ts';
import type { EndAnswer } from './oci/answers.ts';
import type { Arrivals } from './arrivals.ts';
import type { Holds } from './holds.ts';
import type { KernelCopy } from './oci/kernel-copy.ts';
import type { ListPage } from './oci/list-page.ts';
import type { PullEvents } from './pull-events.ts';
import type { PullThroughState } from './pull-through/state.ts';
import type { Quotas } from './limits.ts';
import type { ImageMemory } from './image-memory.ts';
import type { PullRecorder } from './pulls.ts';
import type { RevisionMemory } from './revision-memory.ts';
import type { Sealer } from './seal.ts';

export interface Core {
  readonly store: Store;
  readonly blobs: BlobStore;
  /** Holders of the keys of encrypted repositories. */
  readonly keys: LayerKeys;
  readonly sealing: Sealing;
  readonly tokens: RegistryTokens;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly uploadTtlMs: number;
  /** At least so long a layer stays after it was received, mounted or said to be there, although nothing names it. */
  readonly graceMs: number;
  readonly counters: Counters;
  readonly endAnswer: EndAnswer;
  readonly manifestBodies: BodyReader;
  readonly sealer: Sealer;
  /** Layers that are being written. */
  readonly arrivals: Arrivals;
  /** Blobs that requests under way rely on. */
  readonly holds: Holds;
  readonly imageMemory: ImageMemory;
  /** Pages of lists, as they are sent. */
  readonly pages: RevisionMemory<ListPage>;
  /** Sends files without a copy; undefined where the platform cannot. */
  readonly kernelCopy: KernelCopy | undefined;
  readonly pulls: PullRecorder;
  readonly pullEvents: PullEvents;
  readonly audit?: AuditTrail | undefined;
  readonly accessLog?: boolean | undefined;
  readonly pullThrough: PullThroughState;
  readonly quotas: Quotas;
  /** The document of a policy's text; the same object as long as the text is the same. */
  readPolicy(text: string | undefined): PolicyDocument | undefined;
}

/**
 * Until when a lease taken now lasts: two graces. It is renewed only when less than one is left, so that most times
 * nothing need be written, and a client always has one whole grace.
 */
export function newLease(core: Pick<Core, 'clock' | 'graceMs'>): number {
  return core.clock.now() + 2 * core.graceMs;
}
