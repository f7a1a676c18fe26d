// DiscoverPollEndpoint: where an agent opens its sockets: at the address by which it reached this server.
import {
  DiscoverPollEndpoint$,
  type DiscoverPollEndpointRequest,
  type DiscoverPollEndpointResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';

export function discoverPollEndpoint() {
  return operation<DiscoverPollEndpointRequest, DiscoverPollEndpointResponse>({
    name: 'DiscoverPollEndpoint',
    schema: DiscoverPollEndpoint$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    handle: async (_input, call) => ({
      endpoint: `${call.baseUrl}/acs/`,
      telemetryEndpoint: `${call.baseUrl}/tcs/`,
      serviceConnectEndpoint: `${call.baseUrl}/`,
    }),
  });
}
