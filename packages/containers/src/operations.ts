// The ECS API: every operation that this package serves.
import { type AwsService, awsService } from '@longshore/aws';
import { createCluster } from './api/create-cluster.ts';
import { createService } from './api/create-service.ts';
import { deleteCluster } from './api/delete-cluster.ts';
import { deleteService } from './api/delete-service.ts';
import { deregisterContainerInstance } from './api/deregister-container-instance.ts';
import { deregisterTaskDefinition } from './api/deregister-task-definition.ts';
import { describeClusters } from './api/describe-clusters.ts';
import { describeContainerInstances } from './api/describe-container-instances.ts';
import { describeServices } from './api/describe-services.ts';
import { describeTaskDefinition } from './api/describe-task-definition.ts';
import { describeTasks } from './api/describe-tasks.ts';
import { discoverPollEndpoint } from './api/discover-poll-endpoint.ts';
import { listAttributes } from './api/list-attributes.ts';
import { listClusters } from './api/list-clusters.ts';
import { listContainerInstances } from './api/list-container-instances.ts';
import { listServices } from './api/list-services.ts';
import { listTagsForResource } from './api/list-tags-for-resource.ts';
import { listTaskDefinitionFamilies } from './api/list-task-definition-families.ts';
import { listTaskDefinitions } from './api/list-task-definitions.ts';
import { listTasks } from './api/list-tasks.ts';
import { putAttributes } from './api/put-attributes.ts';
import { registerContainerInstance } from './api/register-container-instance.ts';
import { registerTaskDefinition } from './api/register-task-definition.ts';
import { runTask } from './api/run-task.ts';
import { startTask } from './api/start-task.ts';
import { stopTask } from './api/stop-task.ts';
import { submitAttachmentStateChanges } from './api/submit-attachment-state-changes.ts';
import { submitContainerStateChange } from './api/submit-container-state-change.ts';
import { submitTaskStateChange } from './api/submit-task-state-change.ts';
import { tagResource } from './api/tag-resource.ts';
import { untagResource } from './api/untag-resource.ts';
import { updateContainerInstancesState } from './api/update-container-instances-state.ts';
import { updateService } from './api/update-service.ts';
import type { Core } from './core.ts';

export function ecsService(core: Core): AwsService {
  return awsService({
    name: 'ecs',
    protocol: 'json-1.1',
    targetPrefix: 'AmazonEC2ContainerServiceV20141113',
    operations: [
      createCluster(core),
      createService(core),
      deleteCluster(core),
      deleteService(core),
      deregisterContainerInstance(core),
      deregisterTaskDefinition(core),
      describeClusters(core),
      describeContainerInstances(core),
      describeServices(core),
      describeTaskDefinition(core),
      describeTasks(core),
      discoverPollEndpoint(),
      listAttributes(core),
      listClusters(core),
      listContainerInstances(core),
      listServices(core),
      listTagsForResource(core),
      listTaskDefinitionFamilies(core),
      listTaskDefinitions(core),
      listTasks(core),
      putAttributes(core),
      registerContainerInstance(core),
      registerTaskDefinition(core),
      runTask(core),
      startTask(core),
      stopTask(core),
      submitAttachmentStateChanges(core),
      submitContainerStateChange(core),
      submitTaskStateChange(core),
      tagResource(core),
      untagResource(core),
      updateContainerInstancesState(core),
      updateService(core),
    ],
  });
}
