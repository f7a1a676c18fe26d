// CreateService: tasks of a definition that are kept at a count. The keeper starts them.
import { CreateService$, type CreateServiceRequest, type CreateServiceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Update, View } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { clusterStillActive, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { requireDefinition } from '../definitions.ts';
import { ecsErrors, invalidParameter, unsupported } from '../errors.ts';
import { readLaunchType } from '../launch-type.ts';
import { checkName, ecsArn, lastPart } from '../names.ts';
import { readRules } from '../placement/rules.ts';
import {
  checkDesiredCount,
  newDeployment,
  readPercents,
  readPropagation,
  refuseServiceFields,
} from '../service-input.ts';
import { shapeServices } from '../service-shape.ts';
import { readAttachments } from '../targets/input.ts';
import { findService, insertService, type ServiceRecord } from '../services.ts';
import { readTags, tagSteps } from '../tags.ts';
import { findTokenResult, keepTokenSteps, parametersDigest, readToken } from '../tokens.ts';

const tokenMs = 24 * 3600_000;
const defaults = { minimumHealthyPercent: 100, maximumPercent: 200 };

export function createService(core: Core) {
  return operation<CreateServiceRequest, CreateServiceResponse>({
    name: 'CreateService',
    schema: CreateService$,
    effect: 'write',
    access: (input, call) => memberAccess('service', input.cluster, [input.serviceName], call),
    async handle(input, call) {
      const place = placeOf(call);
      const name = checkName('Service name', input.serviceName);
      refuseServiceFields(input);
      if (input.schedulingStrategy !== undefined && input.schedulingStrategy !== 'REPLICA')
        throw unsupported(`schedulingStrategy ${input.schedulingStrategy}`, 'Use REPLICA.');
      if (!input.taskDefinition) throw invalidParameter('taskDefinition must not be empty.');
      if (input.desiredCount === undefined) throw invalidParameter('desiredCount must be given.');
      const desiredCount = checkDesiredCount(input.desiredCount);
      const launchType = readLaunchType(input.launchType, input.capacityProviderStrategy);
      const percents = readPercents(input.deploymentConfiguration, defaults);
      readRules(input.placementConstraints, input.placementStrategy);
      const tags = readTags(input.tags);
      const token = readToken(input.clientToken, 36);
      const { clientToken: _, ...parameters } = input;
      const digest = parametersDigest(parameters);

      const plan = async (view: View): Promise<Update<string>> => {
        const cluster = await requireCluster(view, place, input.cluster);
        const arn = ecsArn(place, 'service', `${lastPart(cluster.arn)}/${name}`);
        const scope = `CreateService/${cluster.arn}/${token ?? ''}`;
        const before = token === undefined ? undefined : await findTokenResult(view, scope, digest, call.now);
        const present = await findService(view, arn);
        if (present?.status === 'ACTIVE' && before?.includes(arn)) return { steps: [], result: arn };
        if (present?.status === 'ACTIVE') throw ecsErrors.serviceNotIdempotent();
        if (present?.status === 'DRAINING') throw ecsErrors.serviceDraining();
        const definition = await requireDefinition(view, place, input.taskDefinition);
        const service: ServiceRecord = {
          arn,
          account: place.account,
          clusterArn: cluster.arn,
          name,
          status: 'ACTIVE',
          launchType,
          definitionArn: definition.arn,
          desiredCount,
          version: 1,
          createdAt: call.now,
          updatedAt: call.now,
          events: [],
          document: {
            ...percents,
            ...(await readAttachments(core, place.account, input, definition)),
            healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds,
            deployments: [newDeployment(definition, call.now)],
            placementConstraints: input.placementConstraints ?? [],
            placementStrategy: input.placementStrategy ?? [],
            enableECSManagedTags: input.enableECSManagedTags ?? false,
            propagateTags: readPropagation(input.propagateTags),
            createdBy: call.principal.arn,
            steady: false,
          },
        };
        // A token whose service was deleted since is free again.
        const keep =
          token === undefined || before !== undefined
            ? []
            : keepTokenSteps(scope, digest, [arn], call.now, call.now + tokenMs);
        const steps = [clusterStillActive(cluster.arn), insertService(service), ...tagSteps(arn, tags), ...keep];
        return { steps, result: arn };
      };

      const arn = await core.store.update(plan);
      core.wakeKeeper();
      const service = await findService(core.store, arn);
      const [shaped] = await shapeServices(core.store, service ? [service] : [], () => tags);
      return { service: shaped };
    },
  });
}
