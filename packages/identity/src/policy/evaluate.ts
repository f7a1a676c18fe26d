// Whether a request is allowed, as a pure function (IAM user guide, "Policy evaluation logic"): an explicit deny wins,
// then an allow is needed. In the resource's own account the caller's policies or the resource's policy suffice; for
// a caller of another account both must allow.
import type { Principal } from '@longshore/aws';
import type { CompiledPolicy, StatementQuery } from './compile.ts';
import type { ConditionContext } from './context.ts';
import type { PrincipalMatch } from './principals.ts';

export interface EvaluationRequest {
  readonly principal: Principal;
  /** `ecs:RunTask`; its case does not matter. */
  readonly action: string;
  /** An ARN, or `*` for operations on no resource in particular. */
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  readonly context: ConditionContext;
  /** The caller's own policies. */
  readonly identityPolicies: readonly CompiledPolicy[];
  /** The resource's own policy, if it has one. */
  readonly resourcePolicy?: CompiledPolicy | undefined;
  /** The resource's policy must allow also within its own account, as a KMS key's does. */
  readonly policyDecides?: boolean | undefined;
}

export type Denial = 'identity-deny' | 'resource-deny' | 'no-identity-allow' | 'no-resource-allow';

/** Undefined if allowed, else why not. */
export type Decision = Denial | undefined;

interface Verdict {
  readonly denied: boolean;
  readonly allowed: PrincipalMatch;
}

const rank: Readonly<Record<PrincipalMatch, number>> = { none: 0, account: 1, direct: 2 };

/** What a set of policies says, whatever the order of their statements. */
function verdict(policies: readonly CompiledPolicy[], query: StatementQuery): Verdict {
  let denied = false;
  let allowed: PrincipalMatch = 'none';
  for (const statement of policies.flatMap((policy) => policy.statements)) {
    const match = statement.match(query);
    if (match === 'none') continue;
    if (statement.effect === 'Deny') denied = true;
    else if (rank[match] > rank[allowed]) allowed = match;
  }
  return { denied, allowed };
}

export function evaluate(request: EvaluationRequest): Decision {
  const { principal, resource, context } = request;
  const query: StatementQuery = { principal, action: request.action.toLowerCase(), resource, context };
  const own = verdict(request.identityPolicies, query);
  const theirs = verdict(request.resourcePolicy ? [request.resourcePolicy] : [], query);
  if (own.denied) return 'identity-deny';
  if (theirs.denied) return 'resource-deny';
  // Root has no policies of its own; within its account nothing is withheld, and outside it may accept what is granted.
  const ownAllows = principal.kind === 'root' || own.allowed !== 'none';
  if (principal.account === request.resourceAccount) {
    if (request.policyDecides === true && theirs.allowed === 'none') return 'no-resource-allow';
    // Naming the account in its own resource's policy only lets the account's policies decide.
    return ownAllows || theirs.allowed === 'direct' ? undefined : 'no-identity-allow';
  }
  if (!ownAllows) return 'no-identity-allow';
  return theirs.allowed === 'none' ? 'no-resource-allow' : undefined;
}
