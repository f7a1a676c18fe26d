// DescribeRegistry
import { DescribeRegistry$, type DescribeRegistryRequest, type DescribeRegistryResponse } from '@aws-sdk/client-ecr';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { replicationShape } from './replication.ts';

export const describeRegistryOperation = (core: Core) =>
  registryOperation<DescribeRegistryRequest, DescribeRegistryResponse>({
    name: 'DescribeRegistry',
    schema: DescribeRegistry$,
    effect: 'read',
    async handle(_input, call) {
      const { account } = call.principal;
      const { settings } = await findRegistryAccount(core.store, account);
      return { registryId: account, replicationConfiguration: replicationShape(settings) };
    },
  });
