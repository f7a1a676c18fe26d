// Key policies: the default one, and GetKeyPolicy, PutKeyPolicy, ListKeyPolicies.
import {
  GetKeyPolicy$,
  type GetKeyPolicyRequest,
  type GetKeyPolicyResponse,
  ListKeyPolicies$,
  type ListKeyPoliciesRequest,
  type ListKeyPoliciesResponse,
  PutKeyPolicy$,
  type PutKeyPolicyRequest,
} from '@aws-sdk/client-kms';
import { AwsError, type CallContext } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import { parsePolicy } from '@longshore/identity';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { changeKey } from '../keys.ts';
import { keyOperation } from './kms-operation.ts';

/** What KMS gives a key that is made without a policy: its account decides by its own policies. */
export function defaultPolicy(account: AccountId): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

/** Checks a policy, and that the caller could still change it. Throws MalformedPolicyDocumentException. */
export async function checkPolicy(core: KeysCore, call: CallContext, text: string, bypass: boolean): Promise<void> {
  let policy: ReturnType<typeof parsePolicy>;
  try {
    policy = parsePolicy(text, 'resource');
  } catch (error) {
    throw error instanceof AwsError ? kmsErrors.malformedPolicy(error.message) : error;
  }
  if (bypass) return;
  const { principal } = call;
  const resources = [{ arn: '*', account: principal.account, policy, policyDecides: true }];
  const refusal = await core.authorizer.refusal(principal, { action: 'kms:PutKeyPolicy', resources }, call);
  if (refusal !== undefined) {
    throw kmsErrors.malformedPolicy('The new key policy will not allow you to update the key policy in the future.');
  }
}

const requireDefault = (name: string | undefined) => {
  if (name !== undefined && name !== 'default') throw kmsErrors.notFound(`No such policy: ${name.slice(0, 100)} It`);
};

export const getKeyPolicy = (core: KeysCore) =>
  keyOperation<GetKeyPolicyRequest, GetKeyPolicyResponse>(core, {
    name: 'GetKeyPolicy',
    schema: GetKeyPolicy$,
    effect: 'read',
    ownAccountOnly: true,
    async handle(input, key) {
      requireDefault(input.PolicyName);
      return { Policy: key.policy, PolicyName: 'default' };
    },
  });

export const listKeyPolicies = (core: KeysCore) =>
  keyOperation<ListKeyPoliciesRequest, ListKeyPoliciesResponse>(core, {
    name: 'ListKeyPolicies',
    schema: ListKeyPolicies$,
    effect: 'read',
    ownAccountOnly: true,
    handle: () => Promise.resolve({ PolicyNames: ['default'], Truncated: false }),
  });

export const putKeyPolicy = (core: KeysCore) =>
  keyOperation<PutKeyPolicyRequest, object>(core, {
    name: 'PutKeyPolicy',
    schema: PutKeyPolicy$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key, call) {
      requireDefault(input.PolicyName);
      const policy = input.Policy ?? '';
      await checkPolicy(core, call, policy, input.BypassPolicyLockoutSafetyCheck === true);
      await changeKey(core, key.id, () => ({ set: sql`policy = ${policy}` }));
      return {};
    },
  });
