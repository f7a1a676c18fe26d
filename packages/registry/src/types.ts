// The nouns of the registry that other packages see.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditTrail, Authorizer, AwsService, Principal } from '@longshore/aws';
import type { AccountId, Clock, Digest, Logger, Meter, Service } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import type { RegistryTokens } from '@longshore/identity';
import type { Store } from '@longshore/store';
import type { CollectOutcome } from './collection/collector.ts';
import type { CollectionPreview } from './collection/preview.ts';
import type { LayerKeys } from './encryption/layer-keys.ts';
import type { RewrapOutcome } from './encryption/rewrap.ts';
import type { StorageReport } from './storage-report.ts';
import type { PullThroughOptions } from './pull-through/state.ts';
import type { Quotas } from './limits.ts';

export interface RegistryOptions {
  readonly store: Store;
  readonly blobs: BlobStore;
  /** Holders of the keys of encrypted repositories; without, encryption with KMS is refused. */
  readonly keys?: LayerKeys;
  readonly tokens: RegistryTokens;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly region: string;
  /** An upload that received nothing for this long is cancelled. Milliseconds. */
  readonly uploadTtlMs: number;
  /** Told of every call that changed something under /v2/, or was to. */
  readonly audit?: AuditTrail;
  /** A line in the log for each request under /v2/. */
  readonly accessLog?: boolean;
  /** Left out = a day of grace, looked at every hour. */
  readonly collection?: CollectionOptions;
  /** Upstreams: without it no secrets are read and no private networks reached. */
  readonly pullThrough?: PullThroughOptions;
  /** Other quotas than ECR's. */
  readonly quotas?: Partial<Quotas>;
}

export interface CollectionOptions {
  /** A layer that no image names stays at least so long after it was received, mounted or asked for. Milliseconds. */
  readonly graceMs: number;
  /** Pause between two rounds. Milliseconds. */
  readonly everyMs: number;
}

/** What a build or an import needs in order to store one image. */
export interface ImageWriter {
  /** Stores a blob, streaming; the digest is computed on the way. */
  putBlob(source: AsyncIterable<Uint8Array>): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** Stores a manifest whose blobs are all stored, and tags it. */
  putManifest(tag: string, mediaType: string, bytes: Uint8Array): Promise<Digest>;
}

export interface Registry {
  readonly ecr: AwsService;
  /** Everything under `/v2/`, including `/v2/token`. Never throws; bodies are streamed. */
  handleOci(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Background work: expiring uploads, pull times, collection, lifecycle policies. */
  readonly services: readonly Service[];
  /** At start, after migration, before anything is served: what a crash left behind is undone. */
  recover(): Promise<void>;
  /** Writes images into one repository, made if missing, as `principal`. */
  imageWriter(principal: Principal, repository: string): Promise<ImageWriter>;
  /** Repositories, tagged images and bytes of one account, shared bytes counted once. For `longshore status`. */
  summary(
    account: AccountId,
  ): Promise<{ readonly repositories: number; readonly images: number; readonly bytes: number }>;
  /** What each repository of an account holds: a page by name. For `longshore registry report`. */
  storage(account: AccountId, after: string, count: number): Promise<StorageReport>;
  /** Removes what nothing needs, of all accounts; stops with `more` after `budgetMs`. */
  collect(budgetMs: number): Promise<CollectOutcome>;
  /** Wraps the data keys of all encrypted layers anew, those wrapped before `before`; stops with `more` after `budgetMs`. */
  rewrap(before: number, budgetMs: number): Promise<RewrapOutcome>;
  /** What `collect` would do and why, `limit` actions at most. */
  previewCollection(limit: number): Promise<CollectionPreview>;
}
