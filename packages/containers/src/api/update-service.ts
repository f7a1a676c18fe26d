// UpdateService: another count, another definition, another way. A new definition (or forceNewDeployment) makes a new
// primary deployment; the one before gives way to it task by task.
import { UpdateService$, type UpdateServiceRequest, type UpdateServiceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { findDefinitionByArn, requireDefinition } from '../definitions.ts';
import { ecsErrors } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { readRules } from '../placement/rules.ts';
import {
  checkDesiredCount,
  newDeployment,
  readPercents,
  readPropagation,
  refuseServiceFields,
} from '../service-input.ts';
import { shapeServices } from '../service-shape.ts';
import { attachmentsChange, readAttachments } from '../targets/input.ts';
import { type Deployment, findService, replaceService, type ServiceRecord } from '../services.ts';

/** ECS keeps few deployments at once; more than this many old ones are not waited for one by one. */
const maxDeployments = 20;

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
        const named =
          input.taskDefinition === undefined ? undefined : await requireDefinition(view, place, input.taskDefinition);
        const definition = named ?? (await findDefinitionByArn(view, service.definitionArn));
        if (definition === undefined) throw ecsErrors.definitionNotFound();
        const renews =
          definition.arn !== service.definitionArn ||
          input.forceNewDeployment === true ||
          attachmentsChange(input, service.document);
        const old = service.document.deployments.map((each): Deployment => ({ ...each, status: 'ACTIVE' }));
        const [primary, ...others] = service.document.deployments;
        const touched = primary === undefined ? others : [{ ...primary, updatedAt: call.now }, ...others];
        const deployments = renews ? [newDeployment(definition, call.now), ...old].slice(0, maxDeployments) : touched;
        const after: ServiceRecord = {
          ...service,
          definitionArn: definition.arn,
          desiredCount: checkDesiredCount(input.desiredCount ?? service.desiredCount),
          updatedAt: call.now,
          document: {
            ...service.document,
            ...readPercents(input.deploymentConfiguration, service.document),
            ...(await readAttachments(core, place.account, input, definition, service.document)),
            healthCheckGracePeriodSeconds:
              input.healthCheckGracePeriodSeconds ?? service.document.healthCheckGracePeriodSeconds,
            deployments,
            placementConstraints: input.placementConstraints ?? service.document.placementConstraints,
            placementStrategy: input.placementStrategy ?? service.document.placementStrategy,
            enableECSManagedTags: input.enableECSManagedTags ?? service.document.enableECSManagedTags,
            propagateTags: readPropagation(input.propagateTags ?? service.document.propagateTags),
            steady: false,
          },
        };
        return { steps: [replaceService(service, after)], result: undefined };
      });
      core.wakeKeeper();
      const service = await findService(core.store, arn);
      const [shaped] = await shapeServices(core.store, service ? [service] : [], () => undefined);
      return { service: shaped };
    },
  });
}
