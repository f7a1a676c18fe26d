// What every part of the registry works with; made once by `createRegistry` and handed to functions.
import type { AuditTrail, Authorizer, PolicyDocument } from '@longshore/aws';
import { type Clock, formatArn, type Logger } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import type { RegistryTokens } from '@longshore/identity';
import type { Store } from '@longshore/store';
import type { Counters } from './counters.ts';
import type { RepositoryRef } from './names.ts';
import type { PullEvents } from './pull-events.ts';
import type { PullRecorder } from './pulls.ts';
import type { Repository } from './repositories.ts';
import type { Sealer } from './seal.ts';

export interface Core {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly tokens: RegistryTokens;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly uploadTtlMs: number;
  readonly counters: Counters;
  readonly sealer: Sealer;
  readonly pulls: PullRecorder;
  readonly pullEvents: PullEvents;
  readonly audit?: AuditTrail | undefined;
  readonly accessLog?: boolean | undefined;
  /** The repository's own policy; the same object as long as its text is the same. */
  policyOf(repository: Repository | undefined): PolicyDocument | undefined;
}

/** `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`; the repository need not exist. */
export function repositoryArn(core: Pick<Core, 'region'>, ref: RepositoryRef): string {
  return formatArn({ service: 'ecr', region: core.region, account: ref.account, resource: `repository/${ref.name}` });
}
