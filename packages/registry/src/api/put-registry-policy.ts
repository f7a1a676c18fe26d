// PutRegistryPolicy: who may use the repositories of this registry, beside what each repository says.
import { PutRegistryPolicy$, type PutRegistryPolicyRequest, type PutRegistryPolicyResponse } from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { parseResourcePolicy } from '../repository-policy.ts';
import { registryOperation } from './ecr-operation.ts';

export const putRegistryPolicyOperation = (core: Core) =>
  registryOperation<PutRegistryPolicyRequest, PutRegistryPolicyResponse>({
    name: 'PutRegistryPolicy',
    schema: PutRegistryPolicy$,
    effect: 'write',
    async handle(input, call) {
      const { account } = call.principal;
      const policyText = input.policyText ?? '';
      parseResourcePolicy(policyText, 'registry');
      await changeRegistryAccount(core, account, () => ({ policyText }));
      return { registryId: account, policyText };
    },
  });
