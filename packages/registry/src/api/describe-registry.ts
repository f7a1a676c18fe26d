// DescribeRegistry
import { DescribeRegistry$, type DescribeRegistryRequest, type DescribeRegistryResponse } from '@aws-sdk/client-ecr';
import { ecrOperation } from './ecr-operation.ts';

export const describeRegistryOperation = () =>
  ecrOperation<DescribeRegistryRequest, DescribeRegistryResponse>({
    name: 'DescribeRegistry',
    schema: DescribeRegistry$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    handle: (_input, call) =>
      Promise.resolve({ registryId: call.principal.account, replicationConfiguration: { rules: [] } }),
  });
