// DeleteRegistryPolicy
import {
  DeleteRegistryPolicy$,
  type DeleteRegistryPolicyRequest,
  type DeleteRegistryPolicyResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';

export const deleteRegistryPolicyOperation = (core: Core) =>
  registryOperation<DeleteRegistryPolicyRequest, DeleteRegistryPolicyResponse>({
    name: 'DeleteRegistryPolicy',
    schema: DeleteRegistryPolicy$,
    effect: 'write',
    async handle(_input, call) {
      const { account } = call.principal;
      let removed = '';
      await changeRegistryAccount(core, account, ({ policyText }) => {
        if (policyText === undefined) throw new RegistryError('registryPolicyUnknown');
        removed = policyText;
        return { policyText: null };
      });
      return { registryId: account, policyText: removed };
    },
  });
