// CreateService: tasks of a definition that are kept at a count. The keeper starts them.
import { CreateService$, type CreateServiceRequest, type CreateServiceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Update, View } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { type ClusterRecord, clusterStillActive, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { requireDefinition } from '../definitions.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { readLaunchType } from '../launch-type.ts';
import { checkName, ecsArn, lastPart, type Place } from '../names.ts';
import { readNetworkConfiguration } from '../network/configuration.ts';
import { readRules } from '../placement/rules.ts';
import { readConfiguration, usualConfiguration } from '../services/configuration.ts';
import { beginDeployment, type Beginning, checkShifting } from '../services/deploy.ts';
import {
  checkDaemon,
  checkDesiredCount,
  readBalancing,
  readController,
  readGracePeriod,
  readPropagation,
  readStrategy,
  refuseServiceFields,
} from '../services/input.ts';
import { shapeServices } from '../services/shape.ts';
import { readAttachments } from '../targets/input.ts';
import { findService, insertService, type ServiceRecord } from '../services/rows.ts';
import { launchStrategy } from '../providers/cluster.ts';
import { readTags, tagSteps } from '../tags.ts';
import { findTokenResult, keepTokenSteps, parametersDigest, readToken } from '../tokens.ts';

const tokenMs = 24 * 3600_000;

/** A DAEMON service counts its instances itself. */
function readDesiredCount(input: CreateServiceRequest, strategy: 'REPLICA' | 'DAEMON'): number {
  if (strategy === 'DAEMON') return 0;
  if (input.desiredCount === undefined) throw invalidParameter('desiredCount must be given.');
  return checkDesiredCount(input.desiredCount);
}

function checkDefinition(input: CreateServiceRequest, controller: 'ECS' | 'EXTERNAL'): void {
  if (controller === 'ECS' && !input.taskDefinition) throw invalidParameter('taskDefinition must not be empty.');
  const attached = (input.loadBalancers?.length ?? 0) + (input.serviceRegistries?.length ?? 0) > 0;
  if (controller === 'EXTERNAL' && (input.taskDefinition || attached))
    throw invalidParameter(
      'A service with the EXTERNAL deployment controller has its task definitions, load balancers and service registries in task sets.',
    );
}

/** The service with its first deployment; one whose tasks come from task sets has none. */
async function firstDeployment(
  core: Core,
  view: View,
  place: Place,
  service: ServiceRecord,
  input: CreateServiceRequest,
  now: number,
): Promise<Beginning> {
  if (input.taskDefinition === undefined || service.document.deploymentController === 'EXTERNAL')
    return { service, steps: [] };
  const definition = await requireDefinition(view, place, input.taskDefinition);
  const attachments = await readAttachments(core, place.account, input, definition);
  if (service.document.shifting) await checkShifting(core, place.account, attachments.loadBalancers ?? []);
  const networkConfiguration = readNetworkConfiguration(input.networkConfiguration, definition);
  const document = { ...service.document, ...attachments, ...(networkConfiguration && { networkConfiguration }) };
  return beginDeployment(view, place, { ...service, document }, definition, now);
}

/** The capacity providers of its tasks; a daemon has none, because it runs wherever it may. */
function strategyOf(cluster: ClusterRecord, input: CreateServiceRequest, schedulingStrategy: 'REPLICA' | 'DAEMON') {
  const given = input.capacityProviderStrategy;
  if (schedulingStrategy === 'REPLICA') return launchStrategy(cluster, input.launchType, given);
  if ((given?.length ?? 0) > 0)
    throw invalidParameter('A capacity provider strategy is not supported for the DAEMON scheduling strategy.');
  return undefined;
}

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
      const schedulingStrategy = readStrategy(input.schedulingStrategy);
      const deploymentController = readController(input.deploymentController?.type, schedulingStrategy);
      if (schedulingStrategy === 'DAEMON') checkDaemon(input);
      checkDefinition(input, deploymentController);
      const desiredCount = readDesiredCount(input, schedulingStrategy);
      const launchType = readLaunchType(input.launchType);
      const usual = usualConfiguration(schedulingStrategy);
      const configuration = readConfiguration(
        input.deploymentConfiguration,
        usual,
        schedulingStrategy,
        core.alarms !== undefined,
      );
      readRules(input.placementConstraints, input.placementStrategy);
      const wishes = {
        ...configuration,
        schedulingStrategy,
        deploymentController,
        placementConstraints: input.placementConstraints ?? [],
        placementStrategy: input.placementStrategy ?? [],
      };
      const availabilityZoneRebalancing = readBalancing(input.availabilityZoneRebalancing, wishes);
      const healthCheckGracePeriodSeconds = readGracePeriod(input.healthCheckGracePeriodSeconds);
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
        const bare: ServiceRecord = {
          arn,
          account: place.account,
          clusterArn: cluster.arn,
          name,
          status: 'ACTIVE',
          launchType,
          definitionArn: '',
          desiredCount,
          version: 1,
          createdAt: call.now,
          updatedAt: call.now,
          events: [],
          document: {
            ...wishes,
            capacityProviderStrategy: strategyOf(cluster, input, schedulingStrategy),
            deployments: [],
            availabilityZoneRebalancing,
            healthCheckGracePeriodSeconds,
            enableExecuteCommand: input.enableExecuteCommand ?? false,
            enableECSManagedTags: input.enableECSManagedTags ?? false,
            propagateTags: readPropagation(input.propagateTags),
            createdBy: call.principal.arn,
            steady: false,
          },
        };
        const begun = await firstDeployment(core, view, place, bare, input, call.now);
        // A token whose service was deleted since is free again.
        const keep =
          token === undefined || before !== undefined
            ? []
            : keepTokenSteps(scope, digest, [arn], call.now, call.now + tokenMs);
        const steps = [
          clusterStillActive(cluster.arn),
          insertService(begun.service),
          ...begun.steps,
          ...tagSteps(arn, tags),
          ...keep,
        ];
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
