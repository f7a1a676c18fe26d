// CreateTaskSet: tasks of a definition that take a share of a service with the EXTERNAL deployment controller.
import { CreateTaskSet$, type CreateTaskSetRequest, type CreateTaskSetResponse } from '@aws-sdk/client-ecs';
import { AwsError, operation } from '@longshore/aws';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { requireDefinition } from '../definitions.ts';
import { invalidParameter, unsupported } from '../errors.ts';
import { readLaunchType } from '../launch-type.ts';
import { readNetworkConfiguration } from '../network/configuration.ts';
import { launchStrategy } from '../providers/cluster.ts';
import { newDeployment } from '../services/deploy.ts';
import { serviceUnchanged } from '../services/rows.ts';
import { authorizeTags } from '../tag-access.ts';
import { findTags, readTags, tagSteps } from '../tags.ts';
import { readAttachments } from '../targets/input.ts';
import { readScale, requireExternalService, taskSetAccess, taskSetArn } from '../task-sets/input.ts';
import { findTaskSet, findTaskSets, insertTaskSet, type TaskSetRecord } from '../task-sets/rows.ts';
import { shapeTaskSets } from '../task-sets/shape.ts';
import { findTokenResult, keepTokenSteps, parametersDigest, readToken } from '../tokens.ts';

const tokenMs = 24 * 3600_000;
const mostSets = 5;

function checkInput(input: CreateTaskSetRequest): void {
  if ((input.externalId?.length ?? 0) > 255) throw invalidParameter('externalId must be at most 255 characters.');
  if (input.platformVersion !== undefined) throw unsupported('platformVersion', 'It belongs to FARGATE.');
}

export function createTaskSet(core: Core) {
  return operation<CreateTaskSetRequest, CreateTaskSetResponse>({
    name: 'CreateTaskSet',
    schema: CreateTaskSet$,
    effect: 'write',
    access: (input, call) => taskSetAccess(input, undefined, call),
    async handle(input, call) {
      const place = placeOf(call);
      checkInput(input);
      const launchType = readLaunchType(input.launchType);
      const scale = readScale(input.scale);
      const tags = readTags(input.tags);
      const pattern = taskSetAccess(input, undefined, call).resources.map((each) => each.arn);
      await authorizeTags(core, call, 'CreateTaskSet', tags, pattern);
      const token = readToken(input.clientToken, 36);
      const { clientToken: _, ...parameters } = input;
      const digest = parametersDigest(parameters);
      const made = await core.store.update(async (view) => {
        const service = await requireExternalService(core, view, input, call);
        const scope = `CreateTaskSet/${service.arn}/${token ?? ''}`;
        const before = token === undefined ? undefined : await findTokenResult(view, scope, digest, call.now);
        const present = before?.[0] === undefined ? undefined : await findTaskSet(view, before[0]);
        if (present !== undefined) return { steps: [], result: { service, set: present } };
        if ((await findTaskSets(view, [service.arn])).length >= mostSets)
          throw new AwsError('LimitExceededException', `A service can have at most ${mostSets} task sets.`);
        const definition = await requireDefinition(view, place, input.taskDefinition);
        const cluster = await requireCluster(view, place, input.cluster);
        const networkConfiguration = readNetworkConfiguration(input.networkConfiguration, definition);
        const attachments = await readAttachments(core, place.account, input, definition);
        const deployment = newDeployment(definition, undefined, attachments, call.now);
        const set: TaskSetRecord = {
          arn: taskSetArn(place, service.arn, deployment.id),
          account: place.account,
          clusterArn: service.clusterArn,
          serviceArn: service.arn,
          status: 'ACTIVE',
          version: 1,
          createdAt: call.now,
          updatedAt: call.now,
          document: {
            externalId: input.externalId,
            launchType,
            capacityProviderStrategy: launchStrategy(cluster, input.launchType, input.capacityProviderStrategy),
            networkConfiguration,
            scale,
            deployment,
            steady: false,
            steadyAt: call.now,
          },
        };
        // A token whose set was deleted since is free again.
        const keep =
          token === undefined || before !== undefined
            ? []
            : keepTokenSteps(scope, digest, [set.arn], call.now, call.now + tokenMs);
        return {
          steps: [serviceUnchanged(service), insertTaskSet(set), ...tagSteps(set.arn, tags), ...keep],
          result: { service, set },
        };
      });
      core.wakeKeeper();
      const tagsOf = await findTags(core.store, [made.set.arn]);
      const [taskSet] = await shapeTaskSets(core.store, made.service, [made.set], (arn) => tagsOf.get(arn));
      return { taskSet };
    },
  });
}
