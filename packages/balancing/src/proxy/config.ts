// The proxy's configuration file (HAProxy 2.4 and newer) from listeners, rules and target groups. Pure and deterministic: the
// same things give the same text. Everything that a caller wrote is quoted; what it may hold was bounded before it was stored.
import { createHash } from 'node:crypto';
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { sharesOf } from '../actions.ts';
import { listenerAttributes, loadBalancerAttributes, targetGroupAttributes } from '../attributes.ts';
import { patternRegex } from '../conditions.ts';
import type { Listener, LoadBalancer, Protocol, Rule, TargetGroup } from '../types.ts';

export interface ProxyModel {
  readonly balancers: ReadonlyMap<string, LoadBalancer>;
  /** Those that can be bound. */
  readonly listeners: readonly Listener[];
  readonly rules: readonly Rule[];
  readonly groups: readonly TargetGroup[];
}

/** A server as the configuration and the runtime API both write it. */
export interface ProxyServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly options: string;
}

export interface Machine {
  readonly adminSocket: string;
  readonly stateFile: string;
  /** Whom the workers run as, where they are started by root. */
  readonly user: string | undefined;
}

const idOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

export const backendName = (groupArn: string): string => `g-${idOf(groupArn)}`;
/** With its port, so that a listener that moves is another one. */
export const frontendName = (listener: Pick<Listener, 'arn' | 'port'>): string =>
  `l-${idOf(listener.arn)}-${listener.port}`;

/** One word of the configuration, whatever it holds. Throws a TypeError for what no line can hold. */
export function quote(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new TypeError('a control character cannot be configured');
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

const host = (address: string) => (address.includes(':') ? `ipv6@${address}` : `ipv4@${address}`);

/** What a server's check is like. The runtime API takes no defaults from a backend, so each server says all of it. */
export function serverOptions(group: TargetGroup): string {
  const { health } = group;
  const port = health.port === undefined ? '' : ` port ${health.port}`;
  // What does not answer yet is asked again soon, whatever the interval.
  const soon = Math.min(2, health.intervalSeconds);
  return `check${port} inter ${health.intervalSeconds}s downinter ${soon}s fall ${health.unhealthyCount} rise ${health.healthyCount}`;
}

/** `*` stands for what is within one parameter. */
function queryRegex(key: string | undefined, value: string): string {
  const part = (text: string) =>
    patternRegex(text)
      .slice(1, -1)
      .replaceAll('.*', '[^&]*')
      .replace(/(?<!\\)\./g, '[^&]');
  const name = key === undefined ? '(?:[^&=]*=)?' : `${part(key)}=`;
  return `(?:^|&)${name}${part(value)}(?:&|$)`;
}

function testOf(condition: RuleCondition): string {
  const words = (values: readonly string[] | undefined) => (values ?? []).map(quote).join(' ');
  const patterns = (values: readonly string[] | undefined) => words((values ?? []).map(patternRegex));
  switch (condition.Field) {
    case 'host-header':
      return `req.hdr(host),host_only -m reg -i ${patterns(condition.HostHeaderConfig?.Values)}`;
    case 'path-pattern':
      return `path -m reg ${patterns(condition.PathPatternConfig?.Values)}`;
    case 'http-header':
      return `req.fhdr(${condition.HttpHeaderConfig?.HttpHeaderName ?? ''}) -m reg -i ${patterns(condition.HttpHeaderConfig?.Values)}`;
    case 'http-request-method':
      return `method -m str ${words(condition.HttpRequestMethodConfig?.Values)}`;
    case 'source-ip':
      return `src ${words(condition.SourceIpConfig?.Values)}`;
    default: {
      const values = condition.QueryStringConfig?.Values ?? [];
      return `query -m reg -i ${words(values.map(({ Key, Value = '' }) => queryRegex(Key, Value)))}`;
    }
  }
}

function redirectLines(action: Action, listener: Listener, when: string): string[] {
  const { Protocol = '', Host = '', Port = '', Path = '', Query = '', StatusCode } = action.RedirectConfig ?? {};
  const fill = (text: string) =>
    text
      .replaceAll('#{protocol}', 'http')
      .replaceAll('#{host}', '%[req.hdr(host),host_only]')
      .replaceAll('#{port}', String(listener.port))
      .replaceAll('#{path}', '%[path,bytes(1)]')
      .replaceAll('#{query}', '%[query]');
  const base = fill(`${Protocol === '' ? 'http' : Protocol.toLowerCase()}://${Host}:${Port}${Path}`);
  const code = StatusCode === 'HTTP_301' ? 301 : 302;
  const line = (target: string, more: string) =>
    `  http-request redirect code ${code} location ${quote(target)} if ${when}${more}`;
  if (Query === '') return [line(base, '')];
  const asked = Query === '#{query}' ? ' { query -m len gt 0 }' : '';
  return [line(`${base}?${fill(Query)}`, asked), ...(asked === '' ? [] : [line(base, '')])];
}

/** The lines of one action: what is done with requests (or connections) for which `when` holds. */
function actionLines(
  action: Action,
  listener: Listener,
  number: number,
  when: string,
): { set: string[]; use: string[] } {
  if (action.Type === 'redirect') return { set: redirectLines(action, listener, when), use: [] };
  if (action.Type === 'fixed-response') {
    const { StatusCode = '503', ContentType = 'text/plain', MessageBody = '' } = action.FixedResponseConfig ?? {};
    // An empty body is none: HAProxy takes no empty string.
    const body = MessageBody === '' ? '' : ` content-type ${quote(ContentType)} string ${quote(MessageBody)}`;
    return { set: [`  http-request return status ${StatusCode}${body} if ${when}`], use: [] };
  }
  const shares = sharesOf([action]).filter((each) => each.weight > 0);
  const [first, ...others] = shares;
  if (first === undefined) return { set: [], use: [] };
  if (others.length === 0) return { set: [], use: [`  use_backend ${backendName(first.targetGroupArn)} if ${when}`] };
  const total = shares.reduce((sum, each) => sum + each.weight, 0);
  const rule = listener.protocol === 'HTTP' ? 'http-request' : 'tcp-request content';
  let upTo = 0;
  const use = shares.map((each) => {
    upTo += each.weight;
    return `  use_backend ${backendName(each.targetGroupArn)} if ${when} { var(txn.share${number}) -m int lt ${upTo} }`;
  });
  return { set: [`  ${rule} set-var(txn.share${number}) rand(${total})`], use };
}

function ruleLines(listener: Listener, rules: readonly Rule[]): string[] {
  const lines: string[] = [];
  rules.forEach((rule, i) => {
    const tests = rule.conditions.map((_, c) => `c${i + 1}_${c}`);
    rule.conditions.forEach((condition, c) => lines.push(`  acl c${i + 1}_${c} ${testOf(condition)}`));
    lines.push(`  http-request set-var(txn.rule) int(${i + 1}) if !{ var(txn.rule) -m found } ${tests.join(' ')}`);
  });
  lines.push('  http-request set-var(txn.rule) int(0) if !{ var(txn.rule) -m found }');
  const actions = [listener.actions, ...rules.map((each) => each.actions)].map((each, i) =>
    each[0] === undefined ? { set: [], use: [] } : actionLines(each[0], listener, i, `{ var(txn.rule) -m int ${i} }`),
  );
  return [...lines, ...actions.flatMap((each) => each.set), ...actions.flatMap((each) => each.use)];
}

function idleSeconds(listener: Listener, balancer: LoadBalancer | undefined): string {
  if (listener.protocol === 'TCP') return listenerAttributes().valueOf(listener.attributes, 'tcp.idle_timeout.seconds');
  return loadBalancerAttributes('application').valueOf(balancer?.attributes ?? {}, 'idle_timeout.timeout_seconds');
}

function frontend(model: ProxyModel, listener: Listener): string[] {
  const idle = idleSeconds(listener, model.balancers.get(listener.loadBalancerArn));
  const head = [
    `frontend ${frontendName(listener)}`,
    `  bind ${host(listener.address)}:${listener.port}`,
    `  timeout client ${idle}s`,
  ];
  if (listener.protocol === 'TCP') {
    const { set, use } = listener.actions[0]
      ? actionLines(listener.actions[0], listener, 0, 'TRUE')
      : { set: [], use: [] };
    return [...head, '  mode tcp', ...set, ...use];
  }
  return [
    ...head,
    '  mode http',
    `  timeout http-keep-alive ${idle}s`,
    // An idle connection is not cut at a reload: its client may be sending. It is closed with its next answer.
    '  option idle-close-on-response',
    '  option forwardfor',
    '  http-request set-header X-Forwarded-Proto http',
    `  http-request set-header X-Forwarded-Port ${listener.port}`,
    ...ruleLines(
      listener,
      model.rules.filter((each) => each.listenerArn === listener.arn),
    ),
  ];
}

const algorithms: Readonly<Record<string, string>> = {
  round_robin: 'roundrobin',
  least_outstanding_requests: 'leastconn',
  weighted_random: 'random',
};

function checkLines({ health }: TargetGroup): string[] {
  const timeout = `  timeout check ${health.timeoutSeconds}s`;
  if (health.protocol === 'TCP') return [timeout];
  return [
    timeout,
    '  option httpchk',
    `  http-check send meth GET uri ${quote(health.path)} ver HTTP/1.1 hdr Host health-check hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close`,
    `  http-check expect status ${health.matcher}`,
  ];
}

/** The longest that one of the listeners allows a connection to be idle. */
function serverTimeout(model: ProxyModel, group: TargetGroup): number {
  const rules = Map.groupBy(model.rules, (each) => each.listenerArn);
  const idles = model.listeners
    .filter((each) =>
      [each.actions, ...(rules.get(each.arn) ?? []).map((rule) => rule.actions)].some((actions) =>
        sharesOf(actions).some((share) => share.targetGroupArn === group.arn),
      ),
    )
    .map((each) => Number(idleSeconds(each, model.balancers.get(each.loadBalancerArn))));
  return Math.max(1, ...idles);
}

function backend(model: ProxyModel, group: TargetGroup): string[] {
  const algorithm = targetGroupAttributes(group.protocol).valueOf(group.attributes, 'load_balancing.algorithm.type');
  const http = [
    // A target that goes away under a request that changes nothing: another one is asked.
    '  retry-on conn-failure empty-response',
    '  http-request disable-l7-retry unless METH_GET or METH_OPTIONS',
  ];
  return [
    `backend ${backendName(group.arn)}`,
    `  mode ${modes[group.protocol]}`,
    `  balance ${algorithms[algorithm] ?? 'roundrobin'}`,
    `  timeout server ${serverTimeout(model, group)}s`,
    ...checkLines(group),
    ...(group.protocol === 'HTTP' ? http : []),
  ];
}

const modes: Readonly<Record<Protocol, string>> = { HTTP: 'http', TCP: 'tcp' };

export function serverLine(server: ProxyServer): string {
  return `${server.name} ${host(server.address)}:${server.port} ${server.options}`;
}

export interface Configuration {
  /** Of everything but the servers, which change without a reload. The proxy tells it when it is asked for its description. */
  readonly hash: string;
  readonly text: string;
}

/** `servers` are those that the proxy has from its start, in the order given. */
export function configure(model: ProxyModel, machine: Machine, servers: readonly ProxyServer[]): Configuration {
  const global = [
    `  stats socket ${quote(machine.adminSocket)} mode 600 level admin expose-fd listeners`,
    '  stats timeout 10m',
    `  server-state-file ${quote(machine.stateFile)}`,
    // The first check of a target is made at once, not after its interval.
    '  max-spread-checks 500',
    '  hard-stop-after 1h',
    ...(machine.user === undefined ? [] : [`  user ${machine.user}`, `  group ${machine.user}`]),
    '',
    'defaults',
    '  load-server-state-from-file global',
    '  timeout connect 5s',
    '  timeout queue 10s',
    '  timeout http-request 30s',
    '  timeout tunnel 1h',
    '  retries 3',
    '  option redispatch 1',
    '  option dontlognull',
  ];
  const fronts = model.listeners.toSorted((a, b) => (a.arn < b.arn ? -1 : 1)).map((each) => frontend(model, each));
  const groups = model.groups.toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const backs = groups.map((each) => ({ name: backendName(each.arn), lines: backend(model, each) }));
  const structure = [...global, ...fronts.flat(), ...backs.flatMap((each) => each.lines)].join('\n');
  const checks = groups.map(serverOptions).join('\n');
  const hash = createHash('sha256').update(`${structure}\n${checks}`).digest('hex').slice(0, 24);
  const sections = [
    [
      '# Made by Longshore from its load balancers. What is changed here is lost.',
      'global',
      `  description longshore-${hash}`,
      ...global,
    ],
    ...fronts,
    ...backs.map(({ name, lines }) => [
      ...lines,
      ...servers.filter((each) => each.backend === name).map((each) => `  server ${serverLine(each)}`),
    ]),
  ];
  return { hash, text: `${sections.map((each) => each.join('\n')).join('\n\n')}\n` };
}
