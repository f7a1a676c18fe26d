// Attributes of load balancers, target groups and listeners: those there are, their defaults, and which values are honoured.
// What would change the traffic and is not honoured is refused by name instead of being kept in silence.
import { elbErrors } from './errors.ts';
import type { Attributes, LoadBalancerType, Protocol } from './types.ts';

interface Given {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

type Check = (value: string) => boolean;

const flag: Check = (value) => value === 'true' || value === 'false';
const only =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value);
const whole =
  (least: number, most: number): Check =>
  (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most;

interface Row {
  readonly byDefault: string;
  readonly check: Check;
}

function row(byDefault: string, check: Check = only(byDefault)): Row {
  return { byDefault, check };
}

type Table = Readonly<Record<string, Row>>;

const loadBalancerTable: Readonly<Record<LoadBalancerType, Table>> = {
  application: {
    'access_logs.s3.enabled': row('false'),
    'access_logs.s3.bucket': row(''),
    'access_logs.s3.prefix': row(''),
    'connection_logs.s3.enabled': row('false'),
    'client_keep_alive.seconds': row('3600', whole(60, 604_800)),
    'deletion_protection.enabled': row('false', flag),
    'idle_timeout.timeout_seconds': row('60', whole(1, 4000)),
    'load_balancing.cross_zone.enabled': row('true'),
    'routing.http.desync_mitigation_mode': row('defensive', only('defensive', 'monitor', 'strictest')),
    'routing.http.drop_invalid_header_fields.enabled': row('false', flag),
    'routing.http.preserve_host_header.enabled': row('true', only('true', 'false')),
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': row('false'),
    'routing.http.xff_client_port.enabled': row('false'),
    'routing.http.xff_header_processing.mode': row('append'),
    'routing.http2.enabled': row('true', flag),
    'waf.fail_open.enabled': row('false', flag),
    'zonal_shift.config.enabled': row('false', flag),
  },
  network: {
    'access_logs.s3.enabled': row('false'),
    'access_logs.s3.bucket': row(''),
    'access_logs.s3.prefix': row(''),
    'deletion_protection.enabled': row('false', flag),
    'dns_record.client_routing_policy': row('any_availability_zone', () => true),
    'load_balancing.cross_zone.enabled': row('false', flag),
    'zonal_shift.config.enabled': row('false', flag),
  },
};

const targetGroupTable: Readonly<Record<Protocol, Table>> = {
  HTTP: {
    'deregistration_delay.timeout_seconds': row('300', whole(0, 3600)),
    'load_balancing.algorithm.type': row(
      'round_robin',
      only('round_robin', 'least_outstanding_requests', 'weighted_random'),
    ),
    'load_balancing.algorithm.anomaly_mitigation': row('off'),
    'load_balancing.cross_zone.enabled': row('use_load_balancer_configuration', () => true),
    'slow_start.duration_seconds': row('0'),
    'stickiness.enabled': row('false'),
    'stickiness.type': row('lb_cookie', () => true),
    'stickiness.lb_cookie.duration_seconds': row('86400', whole(1, 604_800)),
    'stickiness.app_cookie.cookie_name': row('', () => true),
    'stickiness.app_cookie.duration_seconds': row('86400', whole(1, 604_800)),
    'target_group_health.dns_failover.minimum_healthy_targets.count': row('1', () => true),
    'target_group_health.dns_failover.minimum_healthy_targets.percentage': row('off', () => true),
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': row('1', () => true),
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': row('off', () => true),
  },
  TCP: {
    'deregistration_delay.timeout_seconds': row('300', whole(0, 3600)),
    'deregistration_delay.connection_termination.enabled': row('true', flag),
    'load_balancing.cross_zone.enabled': row('use_load_balancer_configuration', () => true),
    'preserve_client_ip.enabled': row('false'),
    'proxy_protocol_v2.enabled': row('false'),
    'stickiness.enabled': row('false'),
    'stickiness.type': row('source_ip'),
    'target_group_health.dns_failover.minimum_healthy_targets.count': row('1', () => true),
    'target_group_health.dns_failover.minimum_healthy_targets.percentage': row('off', () => true),
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': row('1', () => true),
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': row('off', () => true),
  },
};

const listenerTable: Table = {
  'tcp.idle_timeout.seconds': row('350', whole(60, 6000)),
  'routing.http.response.server.enabled': row('true', flag),
};

function merge(table: Table, held: Attributes, given: readonly Given[]): Attributes {
  const merged: Record<string, string> = { ...held };
  for (const { Key = '', Value = '' } of given) {
    const known = Object.hasOwn(table, Key) ? table[Key] : undefined;
    if (known === undefined) throw elbErrors.validation(`Attribute key '${Key.slice(0, 100)}' is not recognized`);
    if (!known.check(Value))
      throw elbErrors.invalidConfiguration(
        `The value '${Value.slice(0, 100)}' of '${Key}' is not valid or not available in Longshore`,
      );
    merged[Key] = Value;
  }
  return merged;
}

function shape(table: Table, held: Attributes): { Key: string; Value: string }[] {
  return Object.entries(table).map(([Key, { byDefault }]) => ({ Key, Value: held[Key] ?? byDefault }));
}

/** One kind's attributes: changes checked, all of them shown, one read. */
export interface AttributeKind {
  /** Throws ValidationError or InvalidConfigurationRequest. */
  merge(held: Attributes, given: readonly Given[]): Attributes;
  shape(held: Attributes): { Key: string; Value: string }[];
  valueOf(held: Attributes, key: string): string;
}

function kindOf(table: Table): AttributeKind {
  return {
    merge: (held, given) => merge(table, held, given),
    shape: (held) => shape(table, held),
    valueOf: (held, key) => held[key] ?? table[key]?.byDefault ?? '',
  };
}

export const loadBalancerAttributes = (type: LoadBalancerType): AttributeKind => kindOf(loadBalancerTable[type]);
export const targetGroupAttributes = (protocol: Protocol): AttributeKind => kindOf(targetGroupTable[protocol]);
export const listenerAttributes = (): AttributeKind => kindOf(listenerTable);

/** How long connections of a target that was deregistered may go on. */
export function drainMs(group: { readonly protocol: Protocol; readonly attributes: Attributes }): number {
  return (
    1000 *
    Number(targetGroupAttributes(group.protocol).valueOf(group.attributes, 'deregistration_delay.timeout_seconds'))
  );
}
