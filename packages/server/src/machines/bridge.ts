// The network that local machines share: a bridge of this host, one end of a cable for each machine's namespace. Everything
// here may be repeated.
import { exec, tryExec } from './exec.ts';

const brief = { timeoutMs: 10_000 };
const succeeds = async (...command: string[]) => (await tryExec(command, brief)).code === 0;

/** Packet filter rules: machines reach each other whatever else the host forbids, and the world only if they may. */
function rulesOf(bridge: string, subnet: string, outside: boolean): readonly (readonly string[])[] {
  const among = ['FORWARD', '-i', bridge, '-o', bridge, '-j', 'ACCEPT'];
  if (!outside) return [among];
  return [
    among,
    ['FORWARD', '-i', bridge, '!', '-o', bridge, '-j', 'ACCEPT'],
    ['FORWARD', '-o', bridge, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
    ['-t', 'nat', 'POSTROUTING', '-s', subnet, '!', '-o', bridge, '-j', 'MASQUERADE'],
  ];
}

function filter(action: '-C' | '-I', rule: readonly string[]): string[] {
  const [table, rest] = rule[0] === '-t' ? [rule.slice(0, 2), rule.slice(2)] : [[], rule];
  return ['iptables', '-w', ...table, action, ...rest];
}

/** Makes the bridge with `address` (`10.89.7.1/24`) unless it is there. */
export async function ensureBridge(bridge: string, address: string, outside: boolean): Promise<void> {
  if (!(await succeeds('ip', 'link', 'show', bridge))) {
    await exec(['ip', 'link', 'add', bridge, 'type', 'bridge']);
    await exec(['ip', 'address', 'add', address, 'dev', bridge]);
  }
  await exec(['ip', 'link', 'set', bridge, 'up']);
  for (const rule of rulesOf(bridge, address, outside))
    if (!(await succeeds(...filter('-C', rule)))) await exec(filter('-I', rule));
}

/** Makes the namespace and its cable to the bridge unless they are there. */
export async function ensureNamespace(
  namespace: string,
  cable: string,
  bridge: string,
  address: string,
  gateway: string,
) {
  if (!(await succeeds('ip', 'netns', 'exec', namespace, 'true'))) await exec(['ip', 'netns', 'add', namespace]);
  if (await succeeds('ip', '-n', namespace, 'route', 'get', gateway)) return;
  await tryExec(['ip', 'link', 'delete', cable], brief);
  await exec(['ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
  await exec(['ip', 'link', 'set', cable, 'master', bridge, 'up']);
  for (const step of [
    ['address', 'add', address, 'dev', 'eth0'],
    ['link', 'set', 'lo', 'up'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'add', 'default', 'via', gateway],
  ])
    await exec(['ip', '-n', namespace, ...step]);
}

export async function processesOf(namespace: string): Promise<number[]> {
  const { stdout } = await tryExec(['ip', 'netns', 'pids', namespace], brief);
  return stdout.split('\n').filter(Boolean).map(Number);
}

export async function removeNamespace(namespace: string, cable: string): Promise<void> {
  await tryExec(['ip', 'netns', 'delete', namespace], brief);
  await tryExec(['ip', 'link', 'delete', cable], brief);
}
