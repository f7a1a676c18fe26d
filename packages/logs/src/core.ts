// What the operations on logs share: names and ARNs checked at the edge, and whom a call is about.
import type { AccessRequest, CallContext } from '@longshore/aws';
import { type AccountId, type Clock, formatArn, type Logger, parseArn } from '@longshore/base';
import type { Store } from '@longshore/store';
import { logErrors } from './errors.ts';

export interface LogsCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
}

/** Throws InvalidParameterException. */
export function checkGroupName(name: string | undefined): string {
  if (name !== undefined && /^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) return name;
  throw logErrors.invalid(
    `1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
  );
}

/** Throws InvalidParameterException. */
export function checkStreamName(name: string | undefined): string {
  if (name !== undefined && /^[^:*]{1,512}$/.test(name)) return name;
  throw logErrors.invalid(
    `1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
  );
}

export interface GroupReference {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/** The name of the group that an input names by its name or its ARN. A group of another account is not found. */
export function groupNameOf(input: GroupReference, account: AccountId): string {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if (name !== undefined && identifier !== undefined)
    throw logErrors.invalid('Specify either logGroupName or logGroupIdentifier, not both.');
  if (identifier?.startsWith('arn:') !== true) return checkGroupName(name ?? identifier);
  const arn = parseArn(identifier);
  const match = /^log-group:([^:]+)(?::\*)?$/.exec(arn?.resource ?? '');
  if (arn?.service !== 'logs' || !match?.[1])
    throw logErrors.invalid('logGroupIdentifier is not the ARN of a log group.');
  if (arn.account !== account) throw logErrors.noGroup();
  return checkGroupName(match[1]);
}

export function groupArn(core: Pick<LogsCore, 'region'>, account: string, name: string): string {
  return formatArn({
    service: 'logs',
    region: core.region,
    account: account as AccountId,
    resource: `log-group:${name}`,
  });
}

/** The access to a whole group, as IAM writes it: with `:*` after its ARN. */
export function groupAccess(core: Pick<LogsCore, 'region'>, input: GroupReference, call: CallContext): AccessRequest {
  const { account } = call.principal;
  return { resources: [{ arn: `${groupArn(core, account, groupNameOf(input, account))}:*`, account }] };
}

export function streamAccess(
  core: Pick<LogsCore, 'region'>,
  input: GroupReference & { readonly logStreamName?: string | undefined },
  call: CallContext,
): AccessRequest {
  const { account } = call.principal;
  const group = groupArn(core, account, groupNameOf(input, account));
  return { resources: [{ arn: `${group}:log-stream:${checkStreamName(input.logStreamName)}`, account }] };
}
