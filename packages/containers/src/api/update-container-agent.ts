// UpdateContainerAgent: there is never an update to be had this way. Longshore's agent is part of the program, and
// Amazon's own agent gets its updates from Amazon's images.
import {
  UpdateContainerAgent$,
  type UpdateContainerAgentRequest,
  type UpdateContainerAgentResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors } from '../errors.ts';
import { findInstance } from '../instances.ts';
import { inClusterArn } from '../names.ts';

export function updateContainerAgent(core: Core) {
  return operation<UpdateContainerAgentRequest, UpdateContainerAgentResponse>({
    name: 'UpdateContainerAgent',
    schema: UpdateContainerAgent$,
    effect: 'write',
    access: (input, call) => memberAccess('container-instance', input.cluster, [input.containerInstance], call),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arn = inClusterArn('container-instance', cluster.arn, input.containerInstance ?? '');
      const instance = await findInstance(core.store, arn);
      if (instance === undefined || instance.clusterArn !== cluster.arn || instance.status === 'INACTIVE')
        throw ecsErrors.instanceNotFound();
      if (instance.document.versionInfo.agentVersion === undefined) throw ecsErrors.agentVersionMissing();
      throw ecsErrors.noAgentUpdate();
    },
  });
}
