// Who may call Longshore's own operations: policies name their resources like those of AWS; some are the operator's only.
import { type AccessRequest, AwsError, type CallContext } from '@longshore/aws';
import type { AccountId } from '@longshore/base';

/** `arn:aws:longshore:REGION:ACCOUNT:RESOURCE` of the caller's account. */
export function ownResource(resource: string): (input: unknown, call: CallContext) => AccessRequest {
  return (_input, call) => {
    const { account } = call.principal;
    return { resources: [{ arn: `arn:aws:longshore:${call.region}:${account}:${resource}`, account }] };
  };
}

/** Throws AccessDeniedException unless the first account calls. `does`: what only it does, as a verb phrase. */
export function requireOperator(call: CallContext, operator: AccountId, does: string): void {
  if (call.principal.account === operator) return;
  throw new AwsError('AccessDeniedException', `Only account ${operator}, which runs this installation, ${does}`);
}
