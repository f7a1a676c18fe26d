// What collection does with what it looks at. Pure: the same rules decide a round and a dry run. A decision is only a
// wish; the step that carries it out compares again and changes nothing if the row has changed since (steps.ts).
import type { Digest } from '@longshore/base';
import type { RepositoryRef } from '../names.ts';

/** The link of a repository to a blob. */
export interface DueLink {
  /** The repository's id. */
  readonly repository: string;
  readonly ref: RepositoryRef;
  readonly digest: Digest;
  /** The blob that holds the bytes. */
  readonly stored: Digest;
  readonly size: number;
  readonly leaseUntil: number;
  readonly checkAt: number;
  /** A manifest of the repository names the blob. */
  readonly referenced: boolean;
}

export interface DueBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly status: 'none' | 'condemned' | 'deleting';
  readonly version: number;
  readonly leaseUntil: number;
  readonly checkAt: number;
  /** Some repository links it. */
  readonly linked: boolean;
}

/** settle: nothing to look for until a manifest goes; wait: look again when the lease has run out. */
export type LinkDecision = 'settle' | 'wait' | 'unlink';

export function decideLink(link: DueLink, now: number): LinkDecision {
  if (link.referenced) return 'settle';
  return link.leaseUntil > now ? 'wait' : 'unlink';
}

/** settle: nothing to look for until a link goes; wait: look again when the lease has run out. */
export type BlobDecision = 'settle' | 'wait' | 'condemn' | 'remove';

export function decideBlob(blob: DueBlob, now: number): BlobDecision {
  // Begun is finished, whoever began: the bytes may be gone already.
  if (blob.status === 'deleting') return 'remove';
  if (blob.linked) return 'settle';
  if (blob.status === 'condemned') return 'remove';
  return blob.leaseUntil > now ? 'wait' : 'condemn';
}
