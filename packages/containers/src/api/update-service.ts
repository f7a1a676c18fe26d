// UpdateService: another count, another definition, another way. A new definition (or forceNewDeployment) makes a new
// primary deployment; the one before gives way to it task by task.
import { UpdateService$, type UpdateServiceRequest, type UpdateServiceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { type ClusterRecord, requireCluster } from '../clusters.ts';
import { launchStrategy } from '../providers/cluster.ts';
import { type Core, placeOf } from '../core.ts';
import { findDefinitionByArn, requireDefinition } from '../definitions.ts';
import { clientError, ecsErrors, invalidParameter, unsupported } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { renewedNetwork } from '../network/configuration.ts';
import { readRules } from '../placement/rules.ts';
import { readConfiguration } from '../services/configuration.ts';
import { beginDeployment, checkShifting, isShifting } from '../services/deploy.ts';
import {
  checkDaemon,
  checkDesiredCount,
  readBalancing,
  readGracePeriod,
  readPropagation,
  refuseServiceFields,
} from '../services/input.ts';
import { attachmentsChange, readAttachments } from '../targets/input.ts';
import { shapeServices } from '../services/shape.ts';
import { findService, replaceService, type ServiceRecord } from '../services/rows.ts';

/** The service with everything that is changed without a deployment. */
function adjusted(service: ServiceRecord, input: UpdateServiceRequest, now: number, canWatch: boolean): ServiceRecord {
  const { document } = service;
  const strategy = document.schedulingStrategy ?? 'REPLICA';
  if (strategy === 'DAEMON') checkDaemon(input);
  const desiredCount = checkDesiredCount(input.desiredCount ?? service.desiredCount);
  const [primary, ...others] = document.deployments;
  const after = {
    ...document,
    ...readConfiguration(input.deploymentConfiguration, document, strategy, canWatch),
    deployments: primary === undefined ? others : [{ ...primary, updatedAt: now }, ...others],
    placementConstraints: input.placementConstraints ?? document.placementConstraints,
    placementStrategy: input.placementStrategy ?? document.placementStrategy,
    healthCheckGracePeriodSeconds:
      readGracePeriod(input.healthCheckGracePeriodSeconds) ?? document.healthCheckGracePeriodSeconds,
    enableExecuteCommand: input.enableExecuteCommand ?? document.enableExecuteCommand,
    enableECSManagedTags: input.enableECSManagedTags ?? document.enableECSManagedTags,
    propagateTags: readPropagation(input.propagateTags ?? document.propagateTags),
    moving: desiredCount === service.desiredCount ? document.moving : undefined,
    steady: false,
  };
  const availabilityZoneRebalancing = readBalancing(
    input.availabilityZoneRebalancing ?? (document.availabilityZoneRebalancing === 'ENABLED' ? undefined : 'DISABLED'),
    after,
  );
  return { ...service, desiredCount, updatedAt: now, document: { ...after, availabilityZoneRebalancing } };
}

/** An empty strategy takes the service back to its launch type. */
function withProviders(service: ServiceRecord, cluster: ClusterRecord, input: UpdateServiceRequest): ServiceRecord {
  const given = input.capacityProviderStrategy;
  if (given === undefined) return service;
  if (service.document.schedulingStrategy === 'DAEMON' && given.length > 0)
    throw invalidParameter('A capacity provider strategy is not supported for the DAEMON scheduling strategy.');
  const capacityProviderStrategy = given.length === 0 ? undefined : launchStrategy(cluster, undefined, given);
  return { ...service, document: { ...service.document, capacityProviderStrategy } };
}

/** What belongs to a task set where those are used. */
function changesRevision(input: UpdateServiceRequest): boolean {
  const given = [input.taskDefinition, input.forceNewDeployment, input.loadBalancers, input.serviceRegistries];
  return given.some((each) => each !== undefined && each !== false);
}

export function updateService(core: Core) {
  return operation<UpdateServiceRequest, UpdateServiceResponse>({
    name: 'UpdateService',
    schema: UpdateService$,
    effect: 'write',
    access: (input, call) => memberAccess('service', input.cluster, [input.service], call),
    async handle(input, call) {
      const place = placeOf(call);
      refuseServiceFields(input);
      readRules(input.placementConstraints, input.placementStrategy);
      const cluster = await requireCluster(core.store, place, input.cluster);
      const arn = inClusterArn('service', cluster.arn, input.service ?? '');
      await core.store.update(async (view) => {
        const service = await findService(view, arn);
        if (service === undefined || service.clusterArn !== cluster.arn) throw ecsErrors.serviceNotFound();
        if (service.status !== 'ACTIVE') throw ecsErrors.serviceNotActive();
        const controller = service.document.deploymentController ?? 'ECS';
        if ((input.deploymentController?.type ?? controller) !== controller)
          throw unsupported('Changing the deployment controller of a service', 'Make a new service.');
        if (service.document.deploymentController === 'EXTERNAL' && changesRevision(input))
          throw invalidParameter(
            'Unable to update the task definition, load balancers or service registries of a service with the EXTERNAL deployment controller. Create a new task set instead.',
          );
        const after = withProviders(adjusted(service, input, call.now, core.alarms !== undefined), cluster, input);
        const named =
          input.taskDefinition === undefined ? undefined : await requireDefinition(view, place, input.taskDefinition);
        const renews =
          (named !== undefined && named.arn !== service.definitionArn) ||
          input.forceNewDeployment ||
          input.capacityProviderStrategy !== undefined ||
          attachmentsChange(input, service.document) ||
          input.networkConfiguration !== undefined;
        const inShift =
          isShifting(service) && (renews || after.document.shifting?.type !== service.document.shifting?.type);
        if (inShift) throw clientError('A service deployment is shifting traffic. Stop it, or wait for its end.');
        if (!renews) return { steps: [replaceService(service, after)], result: undefined };
        const definition = named ?? (await findDefinitionByArn(view, service.definitionArn));
        if (definition === undefined) throw ecsErrors.definitionNotFound();
        const attachments = await readAttachments(core, place.account, input, definition, service.document);
        if (after.document.shifting) await checkShifting(core, place.account, attachments.loadBalancers ?? []);
        const networkConfiguration = renewedNetwork(input.networkConfiguration, service.document, definition);
        const renewed = { ...after, document: { ...after.document, ...attachments, networkConfiguration } };
        const begun = await beginDeployment(view, place, renewed, definition, call.now);
        return { steps: [replaceService(service, begun.service), ...begun.steps], result: undefined };
      });
      core.wakeKeeper();
      const service = await findService(core.store, arn);
      const [shaped] = await shapeServices(core.store, service ? [service] : [], () => undefined);
      return { service: shaped };
    },
  });
}
