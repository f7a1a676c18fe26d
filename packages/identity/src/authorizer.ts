// The authorizer: gathers the caller's policies and the request's context, and asks the pure evaluation.
import type {
  AccessRequest,
  AccessResource,
  Authorizer,
  PolicyDocument,
  Principal,
  RequestContext,
} from '@longshore/aws';
import { refusalText } from './policy/refusal.ts';
import { type CompiledPolicy, compilePolicy } from './policy/compile.ts';
import { conditionContext, lazyContext } from './policy/context.ts';
import { roleIdOf } from './roles/sessions.ts';
import { evaluate } from './policy/evaluate.ts';

type Values = Readonly<Record<string, string | undefined>>;

const principalTypes: Readonly<Record<Principal['kind'], string>> = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
};

/** The global condition keys (IAM reference, "AWS global condition context keys"). */
export function commonKeys(principal: Principal, context: RequestContext, region: string): Values {
  const isUser = principal.kind === 'user';
  return {
    'aws:CurrentTime': new Date(context.now).toISOString(),
    'aws:EpochTime': String(Math.floor(context.now / 1000)),
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalArn': principal.arn,
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': principalTypes[principal.kind],
    'aws:RequestedRegion': region,
    'aws:SecureTransport': String(context.baseUrl.startsWith('https:')),
    'aws:SourceIp': context.sourceIp,
    'aws:UserAgent': context.userAgent,
    'aws:ViaAWSService': 'false',
    'aws:userid': principal.userId,
    'aws:username': isUser ? principal.arn.slice(principal.arn.lastIndexOf('/') + 1) : undefined,
  };
}

export interface AuthorizerOptions {
  readonly region: string;
  /** The compiled policies of a user id; none for root. */
  readonly policiesOf: (userId: string) => Promise<readonly CompiledPolicy[]>;
}

export function createAuthorizer({ region, policiesOf }: AuthorizerOptions): Authorizer {
  // A resource's policy is compiled once for each document object that its owner keeps.
  const compiled = new WeakMap<PolicyDocument, CompiledPolicy>();

  function compiledResourcePolicy(document: PolicyDocument | undefined): CompiledPolicy | undefined {
    if (!document) return undefined;
    const known = compiled.get(document);
    if (known) return known;
    const made = compilePolicy(document);
    compiled.set(document, made);
    return made;
  }

  /** What the resource's own policy and its owner's say together, as if they were one. */
  function resourcePolicyOf({ policy, ownerPolicy }: AccessResource): CompiledPolicy | undefined {
    const own = compiledResourcePolicy(policy);
    const owners = compiledResourcePolicy(ownerPolicy);
    return own && owners ? { statements: [...own.statements, ...owners.statements] } : (own ?? owners);
  }

  function resourcesOf(principal: Principal, request: AccessRequest): AccessRequest['resources'] {
    // Nothing to check must never mean that everything is allowed.
    return request.resources.length > 0 ? request.resources : [{ arn: '*', account: principal.account }];
  }

  return {
    async refusal(principal, request, context) {
      // The policies of a role are the same for all its sessions.
      const owner = roleIdOf(principal.userId) ?? principal.userId;
      const identityPolicies = principal.kind === 'root' ? [] : await policiesOf(owner);
      for (const resource of resourcesOf(principal, request)) {
        const denial = evaluate({
          principal,
          action: request.action,
          resource: resource.arn,
          resourceAccount: resource.account,
          context: lazyContext(() =>
            // The common keys come last: no operation's own keys can replace them.
            conditionContext(
              request.context ?? {},
              { 'aws:ResourceAccount': resource.account },
              commonKeys(principal, context, region),
            ),
          ),
          identityPolicies,
          policyDecides: resource.policyDecides,
          resourcePolicy: resourcePolicyOf(resource),
        });
        if (denial) return refusalText(principal, request.action, resource.arn, denial);
      }
      return undefined;
    },
  };
}
