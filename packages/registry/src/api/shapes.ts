// Shapes that several operations answer with, and the paging they share.
import type { Repository as RepositoryShape, Tag } from '@aws-sdk/client-ecr';
import type { CallContext } from '@longshore/aws';
import type { Core } from '../core.ts';
import { repositoryArn, type RepositoryRef } from '../names.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Repository, ResourceTag, TagMutability } from '../repository.ts';
import { invalid } from './ecr-operation.ts';

/** `HOST:PORT/ACCOUNT/NAME`, by the address at which the caller reached this server. */
export function repositoryUri(call: CallContext, ref: RepositoryRef): string {
  return `${call.baseUrl.replace(/^https?:\/\//, '')}/${ref.account}/${ref.name}`;
}

export function mutabilityShape(repository: Pick<Repository, 'tagMutability' | 'settings'>) {
  const { exclusions } = repository.settings;
  return {
    imageTagMutability: repository.tagMutability,
    ...(exclusions && {
      imageTagMutabilityExclusionFilters: exclusions.map((filter) => ({ filterType: 'WILDCARD' as const, filter })),
    }),
  };
}

export function repositoryShape(core: Core, call: CallContext, repository: Repository): RepositoryShape {
  return {
    repositoryArn: repositoryArn(core, repository),
    registryId: repository.account,
    repositoryName: repository.name,
    repositoryUri: repositoryUri(call, repository),
    createdAt: new Date(repository.createdAt),
    ...mutabilityShape(repository),
    imageScanningConfiguration: { scanOnPush: repository.settings.scanOnPush ?? false },
    encryptionConfiguration:
      repository.settings.kmsKey === undefined
        ? { encryptionType: 'AES256' }
        : { encryptionType: 'KMS', kmsKey: repository.settings.kmsKey },
  };
}

const mutabilities: ReadonlySet<string> = new Set([
  'MUTABLE',
  'IMMUTABLE',
  'IMMUTABLE_WITH_EXCLUSION',
  'MUTABLE_WITH_EXCLUSION',
] satisfies TagMutability[]);

interface MutabilityInput {
  readonly imageTagMutability?: string | undefined;
  readonly imageTagMutabilityExclusionFilters?:
    | readonly { readonly filterType?: string | undefined; readonly filter?: string | undefined }[]
    | undefined;
}

/** Tag mutability with its exclusion filters (1–5 wildcards), which the `_WITH_EXCLUSION` modes need. */
export function readMutability(input: MutabilityInput): {
  tagMutability: TagMutability;
  exclusions: readonly string[] | undefined;
} {
  const mode = input.imageTagMutability ?? 'MUTABLE';
  if (!mutabilities.has(mode)) throw invalid(`Invalid parameter at 'imageTagMutability': ${mode.slice(0, 100)}`);
  const filters = input.imageTagMutabilityExclusionFilters;
  const needed = mode.endsWith('_WITH_EXCLUSION');
  if (needed !== (filters !== undefined && filters.length > 0)) {
    throw invalid(
      "'imageTagMutabilityExclusionFilters' goes with the modes that end in _WITH_EXCLUSION, and they need it.",
    );
  }
  if (filters && filters.length > 5) throw invalid('There may be 5 exclusion filters at most.');
  const exclusions = filters?.map(({ filterType, filter }) => {
    if (filterType !== 'WILDCARD' || !/^[0-9a-zA-Z._*-]{1,128}$/.test(filter ?? '')) {
      throw invalid('An exclusion filter has filterType WILDCARD and a filter of 1 to 128 of 0-9 a-z A-Z . _ * -');
    }
    return filter ?? '';
  });
  return { tagMutability: mode as TagMutability, exclusions: needed ? exclusions : undefined };
}

/** Tags of a resource. Throws resourceTagInvalid or resourceTagsExceeded. */
export function readTags(tags: readonly Tag[] | undefined): ResourceTag[] {
  if (!tags) return [];
  if (tags.length > limits.resourceTags) throw new RegistryError('resourceTagsExceeded');
  return tags.map(({ Key, Value }) => {
    if (!Key || Key.length > 128 || Key.startsWith('aws:') || (Value ?? '').length > 256) {
      throw new RegistryError('resourceTagInvalid');
    }
    return { Key, Value: Value ?? '' };
  });
}

/** Later tags win over earlier ones of the same key. */
export function mergeTags(held: readonly ResourceTag[], added: readonly ResourceTag[]): ResourceTag[] {
  const merged = new Map([...held, ...added].map((tag) => [tag.Key, tag]));
  if (merged.size > limits.resourceTags) throw new RegistryError('resourceTagsExceeded');
  return [...merged.values()];
}

/** `maxResults`, 1–1000; 100 if it is left out. */
export function readPageSize(maxResults: number | undefined): number {
  if (maxResults === undefined) return 100;
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > limits.pageMax) {
    throw invalid(`Invalid parameter at 'maxResults': 1 to ${limits.pageMax}.`);
  }
  return maxResults;
}

/** Where the page begins that `token` was given out for; `purpose` binds it to one listing. */
export async function readPageToken(core: Core, purpose: string, token: string | undefined): Promise<string[]> {
  if (token === undefined) return [];
  const cursor = await core.sealer.open(purpose, token);
  if (!Array.isArray(cursor)) throw invalid("Invalid parameter at 'nextToken': it is not one of this listing.");
  return cursor as string[];
}
