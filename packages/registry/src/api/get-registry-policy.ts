// GetRegistryPolicy
import { GetRegistryPolicy$, type GetRegistryPolicyRequest, type GetRegistryPolicyResponse } from '@aws-sdk/client-ecr';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';

export const getRegistryPolicyOperation = (core: Core) =>
  registryOperation<GetRegistryPolicyRequest, GetRegistryPolicyResponse>({
    name: 'GetRegistryPolicy',
    schema: GetRegistryPolicy$,
    effect: 'read',
    async handle(_input, call) {
      const { account } = call.principal;
      const { policyText } = await findRegistryAccount(core.store, account);
      if (policyText === undefined) throw new RegistryError('registryPolicyUnknown');
      return { registryId: account, policyText };
    },
  });
