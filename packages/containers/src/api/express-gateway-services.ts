// Express gateway services: a service with a load balancer, a certificate and scaling that Amazon makes up in one call. Longshore
// makes none of these up, so no such service can be there; a service with a load balancer is made of its own parts.
import {
  CreateExpressGatewayService$,
  type CreateExpressGatewayServiceRequest,
  DeleteExpressGatewayService$,
  type DeleteExpressGatewayServiceRequest,
  DescribeExpressGatewayService$,
  type DescribeExpressGatewayServiceRequest,
  UpdateExpressGatewayService$,
  type UpdateExpressGatewayServiceRequest,
} from '@aws-sdk/client-ecs';
import { type AnyOperation, type CallContext, operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, unsupported } from '../errors.ts';
import { accountOfArn } from '../names.ts';

const instead = 'Register a task definition and create a service with a target group as its load balancer.';

function arnAccess(input: { readonly serviceArn?: string | undefined }, call: CallContext) {
  const arn = input.serviceArn ?? '*';
  return { resources: [{ arn, account: accountOfArn(arn, call.principal.account) }] };
}

export function expressGatewayServices(core: Core): AnyOperation[] {
  return [
    operation<CreateExpressGatewayServiceRequest, never>({
      name: 'CreateExpressGatewayService',
      schema: CreateExpressGatewayService$,
      effect: 'write',
      access: (input, call) => clusterAccess(input.cluster, call),
      async handle(input, call) {
        await requireCluster(core.store, placeOf(call), input.cluster);
        throw unsupported('An express gateway service', instead);
      },
    }),
    operation<DescribeExpressGatewayServiceRequest, never>({
      name: 'DescribeExpressGatewayService',
      schema: DescribeExpressGatewayService$,
      effect: 'read',
      access: arnAccess,
      handle: () => Promise.reject(ecsErrors.resourceNotFound()),
    }),
    operation<UpdateExpressGatewayServiceRequest, never>({
      name: 'UpdateExpressGatewayService',
      schema: UpdateExpressGatewayService$,
      effect: 'write',
      access: arnAccess,
      handle: () => Promise.reject(ecsErrors.serviceNotFound()),
    }),
    operation<DeleteExpressGatewayServiceRequest, never>({
      name: 'DeleteExpressGatewayService',
      schema: DeleteExpressGatewayService$,
      effect: 'write',
      access: arnAccess,
      handle: () => Promise.reject(ecsErrors.serviceNotFound()),
    }),
  ];
}
