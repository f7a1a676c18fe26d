// Reading the inputs of the operations on rules (ECR API reference), and who may use which secret and upstream.
import type { AccessResource, CallContext } from '@longshore/aws';
import { formatArn, parseArn } from '@longshore/base';
import { isIP } from 'node:net';
import type { Core } from '../core.ts';
import { invalid, registryOf } from '../api/ecr-operation.ts';
import { RegistryError } from '../errors.ts';
import { mayReach } from './http.ts';
import { networkOf } from './addresses.ts';
import { parseUpstream, type Upstream, upstreamRegistryOf } from './origin.ts';
import { root, type Rule } from './rules.ts';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const prefixPattern = new RegExp(`^${component}(?:/${component})*/?$`);

/** A prefix, without the slash that may end it. Throws parameterInvalid. */
export function readPrefix(text: string | undefined, member: string): string {
  if (text === root) return root;
  if (text !== undefined && text.length >= 2 && text.length <= 30 && prefixPattern.test(text)) {
    return text.replace(/\/$/, '');
  }
  throw invalid(`Invalid parameter at '${member}': 2 to 30 of a-z, 0-9, with . _ - / between them, or ROOT.`);
}

/** The account whose rules an operation is about; another's are not to be seen. Throws denied. */
export function ruleAccount(input: { readonly registryId?: string | undefined }, call: CallContext) {
  const account = registryOf(input, call);
  if (account === call.principal.account) return account;
  throw new RegistryError('denied', "The rules of another account's registry are its own.");
}

/** All rules are one resource, as in ECR. */
export function rulesResource(core: Core, call: CallContext): AccessResource {
  const { account } = call.principal;
  return { arn: formatArn({ service: 'ecr', region: core.region, account, resource: '*' }), account };
}

interface UpstreamInput {
  readonly upstreamRegistryUrl?: string | undefined;
  readonly upstreamRegistry?: string | undefined;
  readonly customRoleArn?: string | undefined;
}

/** Throws upstreamUnsupported or parameterInvalid. */
export function readUpstream(
  core: Core,
  input: UpstreamInput,
  call: CallContext,
): Upstream & { readonly registry: string | undefined } {
  const { insecure, mayUsePrivate } = core.pullThrough.options;
  const upstream = parseUpstream(input.upstreamRegistryUrl ?? '', insecure);
  if (!upstream) {
    throw new RegistryError(
      'upstreamUnsupported',
      'upstreamRegistryUrl must be the host of a registry, with its port if it has one. Without TLS only loopback is asked, and what the operator lists in pullThroughInsecure.',
    );
  }
  const all = mayUsePrivate(call.principal.account);
  const literal = new URL(upstream.origin).hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !mayReach({ private: all, loopback: all }, networkOf(literal))) {
    throw new RegistryError(
      'upstreamUnsupported',
      `The upstream ${upstream.host} is in a network that this account's rules may not reach.`,
    );
  }
  const registry = upstreamRegistryOf(upstream.host);
  if (input.upstreamRegistry !== undefined && input.upstreamRegistry !== registry) {
    throw invalid(`Invalid parameter at 'upstreamRegistry': ${upstream.host} is not of that kind; it can be left out.`);
  }
  refuseRole(input);
  return { ...upstream, registry };
}

/** Roles are not there: to take one silently would leave the upstream without a login. Throws parameterInvalid. */
export function refuseRole(input: Pick<UpstreamInput, 'customRoleArn'>): void {
  if (input.customRoleArn !== undefined) {
    throw invalid("Invalid parameter at 'customRoleArn': roles are not available; use a secret (credentialArn).");
  }
}

/**
 * The secret of a rule: of this account, by ECR's kind of name. Whoever makes a rule chooses where the secret is sent, so
 * the caller must be allowed to read it. Throws parameterInvalid, secretUnknown or AccessDenied.
 */
export async function readCredential(
  core: Core,
  arn: string | undefined,
  call: CallContext,
): Promise<string | undefined> {
  if (arn === undefined) return undefined;
  const parts = arn.length <= 612 ? parseArn(arn) : undefined;
  const { account } = call.principal;
  const fits =
    parts?.service === 'secretsmanager' &&
    parts.account === account &&
    /^secret:ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/.test(parts.resource);
  if (!fits) {
    throw invalid(
      "Invalid parameter at 'credentialArn': a secret of this account whose name begins with ecr-pullthroughcache/.",
    );
  }
  await call.authorize({ action: 'secretsmanager:GetSecretValue', resources: [{ arn, account }] });
  const text = await core.pullThrough.options.readSecret(account, arn).catch(() => undefined);
  if (text === undefined) {
    throw new RegistryError(
      'secretUnknown',
      'The ARN of the secret specified in the pull through cache rule was not found.',
    );
  }
  return arn;
}

/** The members of a rule that every answer has. */
export function ruleShape(rule: Rule) {
  return {
    ecrRepositoryPrefix: rule.prefix,
    registryId: rule.account,
    ...(rule.credentialArn !== undefined && { credentialArn: rule.credentialArn }),
    upstreamRepositoryPrefix: rule.upstreamPrefix,
  };
}

export function upstreamShape(rule: Rule) {
  return {
    upstreamRegistryUrl: rule.upstreamUrl,
    ...(rule.upstreamRegistry !== undefined && { upstreamRegistry: rule.upstreamRegistry as 'docker-hub' }),
  };
}
