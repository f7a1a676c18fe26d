// The ECR API: its operations under one target prefix.
import { type AwsService, awsService } from '@longshore/aws';
import type { Core } from '../core.ts';
import { validatePullThroughCacheRuleOperation } from './validate-pull-through-cache-rule.ts';
import { updatePullThroughCacheRuleOperation } from './update-pull-through-cache-rule.ts';
import { describePullThroughCacheRulesOperation } from './describe-pull-through-cache-rules.ts';
import { deletePullThroughCacheRuleOperation } from './delete-pull-through-cache-rule.ts';
import { createPullThroughCacheRuleOperation } from './create-pull-through-cache-rule.ts';
import { batchCheckLayerAvailabilityOperation } from './batch-check-layer-availability.ts';
import { batchDeleteImageOperation } from './batch-delete-image.ts';
import { batchGetImageOperation } from './batch-get-image.ts';
import { completeLayerUploadOperation } from './complete-layer-upload.ts';
import { createRepositoryOperation } from './create-repository.ts';
import { deleteRepositoryOperation } from './delete-repository.ts';
import { deleteRepositoryPolicyOperation } from './delete-repository-policy.ts';
import { describeImagesOperation } from './describe-images.ts';
import { describeRegistryOperation } from './describe-registry.ts';
import { describeRepositoriesOperation } from './describe-repositories.ts';
import { getAuthorizationTokenOperation } from './get-authorization-token.ts';
import { getDownloadUrlForLayerOperation } from './get-download-url-for-layer.ts';
import { getRepositoryPolicyOperation } from './get-repository-policy.ts';
import { initiateLayerUploadOperation } from './initiate-layer-upload.ts';
import { listImagesOperation } from './list-images.ts';
import { listTagsForResourceOperation } from './list-tags-for-resource.ts';
import { putImageOperation } from './put-image.ts';
import { putImageTagMutabilityOperation } from './put-image-tag-mutability.ts';
import { setRepositoryPolicyOperation } from './set-repository-policy.ts';
import { tagResourceOperation } from './tag-resource.ts';
import { untagResourceOperation } from './untag-resource.ts';
import { uploadLayerPartOperation } from './upload-layer-part.ts';

export function ecrService(core: Core): AwsService {
  return awsService({
    name: 'ecr',
    protocol: 'json-1.1',
    targetPrefix: 'AmazonEC2ContainerRegistry_V20150921',
    operations: [
      validatePullThroughCacheRuleOperation(core),
      updatePullThroughCacheRuleOperation(core),
      describePullThroughCacheRulesOperation(core),
      deletePullThroughCacheRuleOperation(core),
      createPullThroughCacheRuleOperation(core),
      batchCheckLayerAvailabilityOperation(core),
      batchDeleteImageOperation(core),
      batchGetImageOperation(core),
      completeLayerUploadOperation(core),
      createRepositoryOperation(core),
      deleteRepositoryOperation(core),
      deleteRepositoryPolicyOperation(core),
      describeImagesOperation(core),
      describeRegistryOperation(),
      describeRepositoriesOperation(core),
      getAuthorizationTokenOperation(core),
      getDownloadUrlForLayerOperation(core),
      getRepositoryPolicyOperation(core),
      initiateLayerUploadOperation(core),
      listImagesOperation(core),
      listTagsForResourceOperation(core),
      putImageOperation(core),
      putImageTagMutabilityOperation(core),
      setRepositoryPolicyOperation(core),
      tagResourceOperation(core),
      untagResourceOperation(core),
      uploadLayerPartOperation(core),
    ],
  });
}
