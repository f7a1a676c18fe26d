// The event of an image pushed, pulled or deleted, in the shape that ECR gives to EventBridge.
import type { Clock, Digest } from '@longshore/base';
import { emitEvent, type Step } from '@longshore/store';
import { repositoryArn, type RepositoryRef } from './names.ts';

/** A step for the transaction of the change itself. */
export function imageEvent(
  core: { readonly region: string; readonly clock: Clock },
  repository: RepositoryRef,
  action: 'PUSH' | 'PULL' | 'DELETE',
  digest: Digest,
  tag?: string,
  mediaType?: string,
  more: Readonly<Record<string, unknown>> = {},
): Step {
  return emitEvent({
    source: 'aws.ecr',
    detailType: 'ECR Image Action',
    account: repository.account,
    region: core.region,
    time: core.clock.now(),
    resources: [repositoryArn(core, repository)],
    detail: {
      'action-type': action,
      result: 'SUCCESS',
      'repository-name': repository.name,
      'image-digest': digest,
      ...(tag === undefined ? {} : { 'image-tag': tag }),
      ...(mediaType === undefined ? {} : { 'manifest-media-type': mediaType }),
      ...more,
    },
  });
}
