// Names and ARNs of ECS resources, in the long form, and how a caller's reference (a name, an id or an ARN) is read.
import { type AccountId, formatArn, parseArn } from '@longshore/base';
import { invalidParameter } from './errors.ts';

const namePattern = /^[A-Za-z0-9_-]{1,255}$/;

export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** Checks a name: up to 255 letters, digits, hyphens and underscores. */
export function checkName(what: string, text: string | undefined): string {
  if (text === undefined || text === '') throw invalidParameter(`${what} must not be empty.`);
  if (!namePattern.test(text))
    throw invalidParameter(
      `${what} is invalid: up to 255 letters (uppercase and lowercase), numbers, underscores and hyphens are allowed.`,
    );
  return text;
}

export interface Place {
  readonly region: string;
  readonly account: string;
}

export type EcsKind =
  | 'cluster'
  | 'container-instance'
  | 'task'
  | 'service'
  | 'service-deployment'
  | 'service-revision'
  | 'task-definition'
  | 'task-set'
  | 'container'
  | 'capacity-provider';

export function ecsArn(place: Place, kind: EcsKind, resource: string): string {
  return formatArn({ service: 'ecs', region: place.region, account: place.account, resource: `${kind}/${resource}` });
}

/** The name at the end of a cluster ARN. */
export function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** The cluster's ARN for a name, an ARN or nothing (`default`); undefined if it cannot be one of this account. */
export function clusterArnOf(place: Place, reference: string | undefined): string | undefined {
  const text = reference === undefined || reference === '' ? 'default' : reference;
  if (!text.startsWith('arn:')) return namePattern.test(text) ? ecsArn(place, 'cluster', text) : undefined;
  const arn = parseArn(text);
  if (arn?.service !== 'ecs' || !arn.resource.startsWith('cluster/')) return undefined;
  if (arn.account !== place.account || arn.region !== place.region) return undefined;
  return namePattern.test(arn.resource.slice(8)) ? text : undefined;
}

/**
 * The full ARN of a task, container instance or service in a cluster, for an id or name, a short ARN (without the
 * cluster) or a long one. A malformed reference gives an ARN that nothing has, so that it is reported as missing.
 */
export function inClusterArn(
  kind: 'task' | 'container-instance' | 'service',
  clusterArn: string,
  reference: string,
): string {
  const cluster = parseArn(clusterArn);
  if (cluster === undefined) return reference;
  const place = { region: cluster.region, account: cluster.account };
  const clusterName = lastPart(clusterArn);
  if (!reference.startsWith('arn:')) {
    const bare = reference.startsWith(`${clusterName}/`) ? reference.slice(clusterName.length + 1) : reference;
    return ecsArn(place, kind, `${clusterName}/${bare}`);
  }
  const arn = parseArn(reference);
  const parts = arn?.resource.split('/') ?? [];
  if (arn?.service === 'ecs' && parts[0] === kind && parts.length === 2 && arn.account === place.account)
    return ecsArn(place, kind, `${clusterName}/${parts[1]}`);
  return reference;
}

/**
 * ARNs of service deployments or revisions, each once; `mine` are those that can be this account's. Throws
 * InvalidParameterException if there is none, or more than twenty.
 */
export function ownArns(
  place: Place,
  kind: 'service-deployment' | 'service-revision',
  field: string,
  given: readonly string[] | undefined,
): { readonly arns: readonly string[]; readonly mine: readonly string[] } {
  const arns = [...new Set(given ?? [])];
  if (arns.length === 0) throw invalidParameter(`${field} must not be empty.`);
  if (arns.length > 20) throw invalidParameter(`${field} cannot have more than 20 entries.`);
  const mine = arns.filter((text) => {
    const arn = parseArn(text);
    return arn?.service === 'ecs' && arn.account === place.account && arn.resource.startsWith(`${kind}/`);
  });
  return { arns, mine };
}

export interface DefinitionReference {
  readonly family: string;
  /** Undefined means the latest active one. */
  readonly revision: number | undefined;
}

const definitionPattern = /^([A-Za-z0-9_-]{1,255})(?::([1-9][0-9]{0,9}))?$/;

/** Reads `family`, `family:revision` or an ARN; undefined if malformed or of another account. */
export function parseDefinitionReference(place: Place, reference: string): DefinitionReference | undefined {
  let text = reference;
  if (text.startsWith('arn:')) {
    const arn = parseArn(text);
    if (arn?.service !== 'ecs' || arn.account !== place.account || arn.region !== place.region) return undefined;
    if (!arn.resource.startsWith('task-definition/')) return undefined;
    text = arn.resource.slice('task-definition/'.length);
  }
  const match = definitionPattern.exec(text);
  if (!match?.[1]) return undefined;
  return { family: match[1], revision: match[2] === undefined ? undefined : Number(match[2]) };
}

/** The account in an ARN as a brand, for access checks; the caller's own where there is none. */
export function accountOfArn(arn: string, own: AccountId): AccountId {
  const account = parseArn(arn)?.account;
  return account !== undefined && /^[0-9]{12}$/.test(account) ? (account as AccountId) : own;
}
