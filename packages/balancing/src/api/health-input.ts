// A target group's health check: defaults as ELB has them, bounds, and the form in which it is shown. Pure.
import type { CreateTargetGroupInput, ModifyTargetGroupInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbErrors } from '../errors.ts';
import type { HealthCheck, Protocol } from '../types.ts';

type Given = Pick<
  CreateTargetGroupInput & ModifyTargetGroupInput,
  | 'HealthCheckEnabled'
  | 'HealthCheckIntervalSeconds'
  | 'HealthCheckPath'
  | 'HealthCheckPort'
  | 'HealthCheckProtocol'
  | 'HealthCheckTimeoutSeconds'
  | 'HealthyThresholdCount'
  | 'UnhealthyThresholdCount'
  | 'Matcher'
>;

export function defaultHealthCheck(group: Protocol, check: Protocol): HealthCheck {
  return {
    enabled: true,
    protocol: check,
    port: undefined,
    path: '/',
    intervalSeconds: 30,
    timeoutSeconds: group === 'HTTP' ? 5 : check === 'HTTP' ? 6 : 10,
    healthyCount: 5,
    unhealthyCount: 2,
    matcher: group === 'HTTP' ? '200' : '200-399',
  };
}

function bounded(name: string, value: number | undefined, held: number, least: number, most: number): number {
  if (value === undefined) return held;
  if (!Number.isInteger(value) || value < least || value > most)
    throw elbErrors.validation(`${name} must be between ${least} and ${most}`);
  return value;
}

export function readCheckProtocol(given: string | undefined, group: Protocol): Protocol {
  const protocol = given ?? group;
  if (protocol !== 'HTTP' && protocol !== 'TCP')
    throw elbErrors.unsupportedProtocol(
      `Health check protocol '${protocol.slice(0, 20)}' is not available. Use HTTP or TCP.`,
    );
  if (group === 'HTTP' && protocol === 'TCP')
    throw elbErrors.invalidConfiguration('Target groups of the protocol HTTP are checked by HTTP');
  return protocol;
}

function readPort(given: string | undefined, held: number | undefined): number | undefined {
  if (given === undefined) return held;
  if (given === 'traffic-port') return undefined;
  const port = Number(given);
  if (!/^\d{1,5}$/.test(given) || port < 1 || port > 65_535)
    throw elbErrors.validation("Health check port must be 'traffic-port' or between 1 and 65535");
  return port;
}

function readMatcher(given: Given['Matcher'], held: string): string {
  if (given?.GrpcCode !== undefined)
    throw elbErrors.invalidConfiguration('GrpcCode is for target groups of the version GRPC');
  const matcher = given?.HttpCode ?? held;
  const ranges = matcher.split(',').map((each) => each.split('-').map(Number));
  const fine = /^\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?){0,19}$/.test(matcher);
  if (!fine || ranges.some(([from = 0, to = from]) => from < 200 || to > 599 || from > to))
    throw elbErrors.validation(`Health check matcher HTTP code '${matcher.slice(0, 64)}' must be within 200 and 599`);
  return matcher;
}

/** `held` with what was given. Throws ValidationError. */
export function readHealthCheck(given: Given, held: HealthCheck): HealthCheck {
  const path = given.HealthCheckPath ?? held.path;
  if (!/^\/[\x21-\x7e]{0,1023}$/.test(path))
    throw elbErrors.validation('Health check path must begin with / and have at most 1024 printable characters');
  const check: HealthCheck = {
    enabled: given.HealthCheckEnabled ?? held.enabled,
    protocol: held.protocol,
    port: readPort(given.HealthCheckPort, held.port),
    path,
    intervalSeconds: bounded('Health check interval', given.HealthCheckIntervalSeconds, held.intervalSeconds, 5, 300),
    timeoutSeconds: bounded('Health check timeout', given.HealthCheckTimeoutSeconds, held.timeoutSeconds, 2, 120),
    healthyCount: bounded('Healthy threshold count', given.HealthyThresholdCount, held.healthyCount, 2, 10),
    unhealthyCount: bounded('Unhealthy threshold count', given.UnhealthyThresholdCount, held.unhealthyCount, 2, 10),
    matcher: readMatcher(given.Matcher, held.matcher),
  };
  if (
    check.timeoutSeconds > check.intervalSeconds ||
    (held.protocol === 'HTTP' && check.timeoutSeconds === check.intervalSeconds)
  )
    throw elbErrors.validation(
      `Health check timeout '${check.timeoutSeconds}' must be smaller than the interval '${check.intervalSeconds}'`,
    );
  if (!check.enabled)
    throw elbErrors.invalidConfiguration('Health checks of instance and ip targets are always enabled');
  return check;
}
