// Actions of listeners and rules: forward (with weights), fixed-response and redirect. Pure.
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbErrors } from './errors.ts';
import type { Protocol } from './types.ts';

const mostGroups = 5;

export interface Share {
  readonly targetGroupArn: string;
  readonly weight: number;
}

/** What an action forwards to; empty for other actions. */
export function sharesOf(actions: readonly Action[]): Share[] {
  const forward = actions.find((each) => each.Type === 'forward');
  const groups = forward?.ForwardConfig?.TargetGroups ?? [];
  return groups.map((each) => ({ targetGroupArn: each.TargetGroupArn ?? '', weight: each.Weight ?? 1 }));
}

export function groupsOf(actions: readonly Action[]): string[] {
  return sharesOf(actions).map((each) => each.targetGroupArn);
}

/** The forward action of these shares, in the form that ELB shows: with TargetGroupArn where there is only one. */
export function forwardTo(shares: readonly Share[], order?: number): Action {
  const [first] = shares;
  return {
    Type: 'forward',
    ...(shares.length === 1 && first && { TargetGroupArn: first.targetGroupArn }),
    ...(order !== undefined && { Order: order }),
    ForwardConfig: {
      TargetGroups: shares.map((each) => ({ TargetGroupArn: each.targetGroupArn, Weight: each.weight })),
      TargetGroupStickinessConfig: { Enabled: false },
    },
  };
}

function readForward(given: Action): Action {
  const groups = given.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: given.TargetGroupArn }];
  if (given.ForwardConfig?.TargetGroupStickinessConfig?.Enabled)
    throw elbErrors.invalidAction('TargetGroupStickinessConfig is not available in Longshore. Leave it out.');
  if (groups.length === 0 || groups.length > mostGroups)
    throw elbErrors.validation(`A forward action must name 1 to ${mostGroups} target groups`);
  const shares = groups.map(({ TargetGroupArn = '', Weight }): Share => {
    const weight = Weight ?? (groups.length === 1 ? 1 : 0);
    if (TargetGroupArn === '') throw elbErrors.validation('A target group ARN must be specified');
    if (!Number.isInteger(weight) || weight < 0 || weight > 999)
      throw elbErrors.validation('The weight of a target group must be between 0 and 999');
    return { targetGroupArn: TargetGroupArn, weight };
  });
  if (new Set(shares.map((each) => each.targetGroupArn)).size < shares.length)
    throw elbErrors.validation('A forward action names a target group only once');
  return forwardTo(shares, given.Order);
}

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'];

function readFixed(given: Action): Action {
  const { StatusCode = '', ContentType = 'text/plain', MessageBody = '' } = given.FixedResponseConfig ?? {};
  if (!/^[245]\d\d$/.test(StatusCode))
    throw elbErrors.validation('StatusCode of a fixed response must be 2XX, 4XX or 5XX');
  if (!contentTypes.includes(ContentType))
    throw elbErrors.validation(`ContentType must be one of ${contentTypes.join(', ')}`);
  if (!/^[\x20-\x7e]*$/.test(MessageBody))
    throw elbErrors.validation('MessageBody must be one line of printable ASCII characters');
  if (MessageBody.length > 1024) throw elbErrors.validation('MessageBody must be at most 1024 characters');
  return {
    Type: 'fixed-response',
    ...(given.Order !== undefined && { Order: given.Order }),
    FixedResponseConfig: { StatusCode, ContentType, MessageBody },
  };
}

const placeholder = /#\{(?:host|path|query|port|protocol)\}/g;

function readRedirect(given: Action): Action {
  const {
    Protocol = '#{protocol}',
    Host = '#{host}',
    Port = '#{port}',
    Path = '/#{path}',
    Query = '#{query}',
    StatusCode,
  } = given.RedirectConfig ?? {};
  if (StatusCode !== 'HTTP_301' && StatusCode !== 'HTTP_302')
    throw elbErrors.validation('StatusCode of a redirect must be HTTP_301 or HTTP_302');
  const parts: readonly [string, string, RegExp][] = [
    ['Protocol', Protocol, /^(?:HTTP|HTTPS|)$/],
    ['Host', Host, /^[A-Za-z0-9.-]{0,128}$/],
    ['Port', Port, /^\d{0,5}$/],
    ['Path', Path, /^\/[A-Za-z0-9_\-.$/~@:+&;*=,!()]{0,128}$/],
    ['Query', Query, /^[A-Za-z0-9_\-.$/~@:+&;*=,!()]{0,128}$/],
  ];
  for (const [name, value, pattern] of parts)
    if (!pattern.test(value.replace(placeholder, '')))
      throw elbErrors.validation(`${name} '${value.slice(0, 130)}' of a redirect is not valid`);
  return {
    Type: 'redirect',
    ...(given.Order !== undefined && { Order: given.Order }),
    RedirectConfig: { Protocol, Host, Port, Path, Query, StatusCode },
  };
}

/** Throws InvalidLoadBalancerAction or ValidationError. Whether the groups are there is not its concern. */
export function readActions(given: readonly Action[] | undefined, protocol: Protocol): Action[] {
  const [only, ...others] = given ?? [];
  if (only === undefined) throw elbErrors.validation('At least one action must be specified');
  if (others.length > 0)
    throw elbErrors.invalidAction('Only one action is available in Longshore: authenticate actions are not.');
  if (only.Type === 'forward') return [readForward(only)];
  if (protocol === 'TCP')
    throw elbErrors.invalidAction(`Action type '${String(only.Type)}' is not supported for TCP listeners`);
  if (only.Type === 'fixed-response') return [readFixed(only)];
  if (only.Type === 'redirect') return [readRedirect(only)];
  throw elbErrors.invalidAction(
    `Action type '${String(only.Type).slice(0, 40)}' is not available in Longshore. Use forward, fixed-response or redirect.`,
  );
}
