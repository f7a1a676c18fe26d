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
import { batchGetRepositoryScanningConfigurationOperation } from './batch-get-repository-scanning-configuration.ts';
import { completeLayerUploadOperation } from './complete-layer-upload.ts';
import { createRepositoryOperation } from './create-repository.ts';
import { createRepositoryCreationTemplateOperation } from './create-repository-creation-template.ts';
import { deleteLifecyclePolicyOperation } from './delete-lifecycle-policy.ts';
import { deleteRegistryPolicyOperation } from './delete-registry-policy.ts';
import { deleteRepositoryOperation } from './delete-repository.ts';
import { deleteRepositoryCreationTemplateOperation } from './delete-repository-creation-template.ts';
import { deleteRepositoryPolicyOperation } from './delete-repository-policy.ts';
import { deleteSigningConfigurationOperation } from './delete-signing-configuration.ts';
import { deregisterPullTimeUpdateExclusionOperation } from './deregister-pull-time-update-exclusion.ts';
import { describeImageReplicationStatusOperation } from './describe-image-replication-status.ts';
import { describeImageScanFindingsOperation } from './describe-image-scan-findings.ts';
import { describeImageSigningStatusOperation } from './describe-image-signing-status.ts';
import { describeImagesOperation } from './describe-images.ts';
import { describeRegistryOperation } from './describe-registry.ts';
import { describeRepositoriesOperation } from './describe-repositories.ts';
import { describeRepositoryCreationTemplatesOperation } from './describe-repository-creation-templates.ts';
import { getAccountSettingOperation } from './get-account-setting.ts';
import { getAuthorizationTokenOperation } from './get-authorization-token.ts';
import { getDownloadUrlForLayerOperation } from './get-download-url-for-layer.ts';
import { getLifecyclePolicyOperation } from './get-lifecycle-policy.ts';
import { getLifecyclePolicyPreviewOperation } from './get-lifecycle-policy-preview.ts';
import { getRegistryPolicyOperation } from './get-registry-policy.ts';
import { getRegistryScanningConfigurationOperation } from './get-registry-scanning-configuration.ts';
import { getRepositoryPolicyOperation } from './get-repository-policy.ts';
import { getSigningConfigurationOperation } from './get-signing-configuration.ts';
import { initiateLayerUploadOperation } from './initiate-layer-upload.ts';
import { listImageReferrersOperation } from './list-image-referrers.ts';
import { listImagesOperation } from './list-images.ts';
import { listPullTimeUpdateExclusionsOperation } from './list-pull-time-update-exclusions.ts';
import { listTagsForResourceOperation } from './list-tags-for-resource.ts';
import { putAccountSettingOperation } from './put-account-setting.ts';
import { putImageOperation } from './put-image.ts';
import { putImageScanningConfigurationOperation } from './put-image-scanning-configuration.ts';
import { putImageTagMutabilityOperation } from './put-image-tag-mutability.ts';
import { putLifecyclePolicyOperation } from './put-lifecycle-policy.ts';
import { putRegistryPolicyOperation } from './put-registry-policy.ts';
import { putRegistryScanningConfigurationOperation } from './put-registry-scanning-configuration.ts';
import { putReplicationConfigurationOperation } from './put-replication-configuration.ts';
import { putSigningConfigurationOperation } from './put-signing-configuration.ts';
import { registerPullTimeUpdateExclusionOperation } from './register-pull-time-update-exclusion.ts';
import { setRepositoryPolicyOperation } from './set-repository-policy.ts';
import { startImageScanOperation } from './start-image-scan.ts';
import { startLifecyclePolicyPreviewOperation } from './start-lifecycle-policy-preview.ts';
import { tagResourceOperation } from './tag-resource.ts';
import { untagResourceOperation } from './untag-resource.ts';
import { updateImageStorageClassOperation } from './update-image-storage-class.ts';
import { updateRepositoryCreationTemplateOperation } from './update-repository-creation-template.ts';
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
      batchGetRepositoryScanningConfigurationOperation(core),
      completeLayerUploadOperation(core),
      createRepositoryOperation(core),
      createRepositoryCreationTemplateOperation(core),
      deleteLifecyclePolicyOperation(core),
      deleteRegistryPolicyOperation(core),
      deleteRepositoryOperation(core),
      deleteRepositoryCreationTemplateOperation(core),
      deleteRepositoryPolicyOperation(core),
      deleteSigningConfigurationOperation(core),
      deregisterPullTimeUpdateExclusionOperation(core),
      describeImageReplicationStatusOperation(core),
      describeImageScanFindingsOperation(core),
      describeImageSigningStatusOperation(core),
      describeImagesOperation(core),
      describeRegistryOperation(core),
      describeRepositoriesOperation(core),
      describeRepositoryCreationTemplatesOperation(core),
      getAccountSettingOperation(core),
      getAuthorizationTokenOperation(core),
      getDownloadUrlForLayerOperation(core),
      getLifecyclePolicyOperation(core),
      getLifecyclePolicyPreviewOperation(core),
      getRegistryPolicyOperation(core),
      getRegistryScanningConfigurationOperation(core),
      getRepositoryPolicyOperation(core),
      getSigningConfigurationOperation(core),
      initiateLayerUploadOperation(core),
      listImageReferrersOperation(core),
      listImagesOperation(core),
      listPullTimeUpdateExclusionsOperation(core),
      listTagsForResourceOperation(core),
      putAccountSettingOperation(core),
      putImageOperation(core),
      putImageScanningConfigurationOperation(core),
      putImageTagMutabilityOperation(core),
      putLifecyclePolicyOperation(core),
      putRegistryPolicyOperation(core),
      putRegistryScanningConfigurationOperation(core),
      putReplicationConfigurationOperation(core),
      putSigningConfigurationOperation(core),
      registerPullTimeUpdateExclusionOperation(core),
      setRepositoryPolicyOperation(core),
      startImageScanOperation(core),
      startLifecyclePolicyPreviewOperation(core),
      tagResourceOperation(core),
      untagResourceOperation(core),
      updateImageStorageClassOperation(core),
      updateRepositoryCreationTemplateOperation(core),
      uploadLayerPartOperation(core),
    ],
  });
}
