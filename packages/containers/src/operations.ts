// The ECS API: every operation that this package serves.
import { type AwsService, awsService } from '@longshore/aws';
import { continueServiceDeployment } from './api/continue-service-deployment.ts';
import { createCapacityProvider } from './api/create-capacity-provider.ts';
import { deleteCapacityProvider } from './api/delete-capacity-provider.ts';
import { describeCapacityProviders } from './api/describe-capacity-providers.ts';
import { putClusterCapacityProviders } from './api/put-cluster-capacity-providers.ts';
import { updateCapacityProvider } from './api/update-capacity-provider.ts';
import { createCluster } from './api/create-cluster.ts';
import { createService } from './api/create-service.ts';
import { deleteAccountSetting } from './api/delete-account-setting.ts';
import { deleteAttributes } from './api/delete-attributes.ts';
import { deleteCluster } from './api/delete-cluster.ts';
import { deleteService } from './api/delete-service.ts';
import { deleteTaskDefinitions } from './api/delete-task-definitions.ts';
import { deregisterContainerInstance } from './api/deregister-container-instance.ts';
import { deregisterTaskDefinition } from './api/deregister-task-definition.ts';
import { describeClusters } from './api/describe-clusters.ts';
import { describeContainerInstances } from './api/describe-container-instances.ts';
import { describeServiceDeployments } from './api/describe-service-deployments.ts';
import { describeServiceRevisions } from './api/describe-service-revisions.ts';
import { describeServices } from './api/describe-services.ts';
import { describeTaskDefinition } from './api/describe-task-definition.ts';
import { describeTasks } from './api/describe-tasks.ts';
import { discoverPollEndpoint } from './api/discover-poll-endpoint.ts';
import { expressGatewayServices } from './api/express-gateway-services.ts';
import { listAccountSettings } from './api/list-account-settings.ts';
import { getTaskProtection } from './api/get-task-protection.ts';
import { executeCommand } from './api/execute-command.ts';
import { listAttributes } from './api/list-attributes.ts';
import { listClusters } from './api/list-clusters.ts';
import { listContainerInstances } from './api/list-container-instances.ts';
import { listServiceDeployments } from './api/list-service-deployments.ts';
import { listServices } from './api/list-services.ts';
import { listServicesByNamespace } from './api/list-services-by-namespace.ts';
import { listTagsForResource } from './api/list-tags-for-resource.ts';
import { listTaskDefinitionFamilies } from './api/list-task-definition-families.ts';
import { listTaskDefinitions } from './api/list-task-definitions.ts';
import { listTasks } from './api/list-tasks.ts';
import { managedDaemons } from './api/managed-daemons.ts';
import { putAccountSetting } from './api/put-account-setting.ts';
import { putAccountSettingDefault } from './api/put-account-setting-default.ts';
import { putAttributes } from './api/put-attributes.ts';
import { registerContainerInstance } from './api/register-container-instance.ts';
import { registerTaskDefinition } from './api/register-task-definition.ts';
import { runTask } from './api/run-task.ts';
import { startTask } from './api/start-task.ts';
import { stopServiceDeployment } from './api/stop-service-deployment.ts';
import { stopTask } from './api/stop-task.ts';
import { submitAttachmentStateChanges } from './api/submit-attachment-state-changes.ts';
import { submitContainerStateChange } from './api/submit-container-state-change.ts';
import { submitTaskStateChange } from './api/submit-task-state-change.ts';
import { tagResource } from './api/tag-resource.ts';
import { untagResource } from './api/untag-resource.ts';
import { updateCluster } from './api/update-cluster.ts';
import { updateClusterSettings } from './api/update-cluster-settings.ts';
import { updateContainerAgent } from './api/update-container-agent.ts';
import { updateContainerInstancesState } from './api/update-container-instances-state.ts';
import { updateService } from './api/update-service.ts';
import { updateTaskProtection } from './api/update-task-protection.ts';
import { createTaskSet } from './api/create-task-set.ts';
import { updateTaskSet } from './api/update-task-set.ts';
import { deleteTaskSet } from './api/delete-task-set.ts';
import { describeTaskSets } from './api/describe-task-sets.ts';
import { updateServicePrimaryTaskSet } from './api/update-service-primary-task-set.ts';
import type { Core } from './core.ts';
import { withPlainText } from './plain-text.ts';

export function ecsService(core: Core): AwsService {
  return awsService({
    name: 'ecs',
    protocol: 'json-1.1',
    targetPrefix: 'AmazonEC2ContainerServiceV20141113',
    operations: [
      continueServiceDeployment(core),
      createCapacityProvider(core),
      createCluster(core),
      createService(core),
      deleteAccountSetting(core),
      deleteAttributes(core),
      deleteCapacityProvider(core),
      deleteCluster(core),
      deleteService(core),
      deleteTaskDefinitions(core),
      deregisterContainerInstance(core),
      deregisterTaskDefinition(core),
      describeCapacityProviders(core),
      describeClusters(core),
      describeContainerInstances(core),
      describeServiceDeployments(core),
      describeServiceRevisions(core),
      describeServices(core),
      describeTaskDefinition(core),
      describeTasks(core),
      discoverPollEndpoint(core),
      listAccountSettings(core),
      getTaskProtection(core),
      executeCommand(core),
      listAttributes(core),
      listClusters(core),
      listContainerInstances(core),
      listServiceDeployments(core),
      listServices(core),
      listServicesByNamespace(),
      listTagsForResource(core),
      listTaskDefinitionFamilies(core),
      listTaskDefinitions(core),
      listTasks(core),
      putAccountSetting(core),
      putAccountSettingDefault(core),
      putAttributes(core),
      putClusterCapacityProviders(core),
      registerContainerInstance(core),
      registerTaskDefinition(core),
      runTask(core),
      startTask(core),
      stopServiceDeployment(core),
      stopTask(core),
      submitAttachmentStateChanges(core),
      submitContainerStateChange(core),
      submitTaskStateChange(core),
      tagResource(core),
      untagResource(core),
      updateCluster(core),
      updateClusterSettings(core),
      updateContainerAgent(core),
      updateCapacityProvider(core),
      updateContainerInstancesState(core),
      updateService(core),
      createTaskSet(core),
      updateTaskSet(core),
      deleteTaskSet(core),
      describeTaskSets(core),
      updateServicePrimaryTaskSet(core),
      ...expressGatewayServices(core),
      ...managedDaemons(core),
      updateTaskProtection(core),
    ].map(withPlainText),
  });
}
