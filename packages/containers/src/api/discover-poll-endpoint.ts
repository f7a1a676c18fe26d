// DiscoverPollEndpoint: where an agent opens its sockets: at the address by which it reached this server.
import {
  DiscoverPollEndpoint$,
  type DiscoverPollEndpointRequest,
  type DiscoverPollEndpointResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { findCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError } from '../errors.ts';
import { clusterArnOf } from '../names.ts';

export function discoverPollEndpoint(core: Core) {
  return operation<DiscoverPollEndpointRequest, DiscoverPollEndpointResponse>({
    name: 'DiscoverPollEndpoint',
    schema: DiscoverPollEndpoint$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const arn = clusterArnOf(placeOf(call), input.cluster);
      const cluster = arn === undefined ? undefined : await findCluster(core.store, arn);
      // ClusterNotFoundException is none of this operation's errors.
      if (cluster?.status !== 'ACTIVE') throw clientError('Cluster not found.');
      return {
        endpoint: `${call.baseUrl}/acs/`,
        telemetryEndpoint: `${call.baseUrl}/tcs/`,
        serviceConnectEndpoint: `${call.baseUrl}/`,
      };
    },
  });
}
