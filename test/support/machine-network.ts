// The network that the machines of a test share: a bridge of the test's own with one network namespace a machine on it.
// Names carry the test's process id, so that what a killed test left behind is found and removed by the next.
import { existsSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { run, tryRun } from './command.ts';

export interface MachineNetwork {
  /** `10.A.B`; the bridge (and whatever listens on it) is `.1`, machine i `.10 + i`. */
  readonly prefix: string;
  readonly hostAddress: string;
  readonly bridge: string;
  /** Makes the namespace of machine `index` and joins it to the bridge; gives its name and address. */
  join(index: number): Promise<{ readonly namespace: string; readonly address: string }>;
  /** Takes the machine's cable out, or puts it back in. Connections hang, as they do in real life. */
  setLink(index: number, state: 'up' | 'down'): Promise<void>;
  /** Processes that live in the machine's namespace. */
  processes(index: number): Promise<number[]>;
  remove(index: number): Promise<void>;
  close(): Promise<void>;
}

const marker = 'lsm';

/** `lsm` + the process id in base 36, five places + two of chance. */
function newName(): string {
  const chance = randomInt(36 ** 2)
    .toString(36)
    .padStart(2, '0');
  return `${marker}${process.pid.toString(36).padStart(5, '0')}${chance}`;
}

async function pidsIn(namespace: string): Promise<number[]> {
  const { stdout } = await tryRun('ip', ['netns', 'pids', namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

const acceptOn = (bridge: string) => ['FORWARD', '-i', bridge, '-o', bridge, '-j', 'ACCEPT'];

async function removeBridge(bridge: string): Promise<void> {
  await tryRun('iptables', ['-w', '-D', ...acceptOn(bridge)]);
  await tryRun('ip', ['link', 'delete', bridge]);
}

/** Ends what tests that are gone left in their namespaces, and removes their namespaces and bridges. */
async function sweep(): Promise<void> {
  const gone = (name: string) => {
    const pid = Number.parseInt(name.slice(marker.length, marker.length + 5), 36);
    return !existsSync(`/proc/${pid}`);
  };
  const named = async (args: readonly string[], pattern: RegExp) =>
    [...(await run('ip', args)).matchAll(pattern)].map((match) => match[1] ?? '').filter(gone);
  for (const namespace of await named(['netns', 'list'], /^(lsm[0-9a-z]{7}-\d+)\b/gm)) {
    for (const pid of await pidsIn(namespace)) tryKill(pid);
    await tryRun('ip', ['netns', 'delete', namespace]);
  }
  for (const bridge of await named(['-o', 'link', 'show', 'type', 'bridge'], /^\d+: (lsm[0-9a-z]{7}):/gm))
    await removeBridge(bridge);
}

export function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A prefix that no interface of this machine has. */
async function freePrefix(): Promise<string> {
  const used = await run('ip', ['-o', '-4', 'address']);
  for (;;) {
    const prefix = `10.${randomInt(220, 250)}.${randomInt(256)}`;
    if (!used.includes(` ${prefix}.`)) return prefix;
  }
}

/** Makes the bridge (as root). */
export async function openMachineNetwork(): Promise<MachineNetwork> {
  await sweep();
  const bridge = newName();
  const prefix = await freePrefix();
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['address', 'add', `${prefix}.1/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  // Where bridged frames pass the packet filter, the machine's Engine forbids forwarding to all but its own.
  await tryRun('iptables', ['-w', '-I', ...acceptOn(bridge)]);
  const namespaceOf = (index: number) => `${bridge}-${index}`;
  const cableOf = (index: number) => `${bridge}-${index}`;
  const joined = new Set<number>();

  async function remove(index: number): Promise<void> {
    for (const pid of await pidsIn(namespaceOf(index))) tryKill(pid);
    await tryRun('ip', ['netns', 'delete', namespaceOf(index)]);
    // The namespace's end takes the cable with it, but only when its last process is gone.
    await tryRun('ip', ['link', 'delete', cableOf(index)]);
    joined.delete(index);
  }

  return {
    prefix,
    hostAddress: `${prefix}.1`,
    bridge,
    async join(index) {
      const namespace = namespaceOf(index);
      const cable = cableOf(index);
      const address = `${prefix}.${10 + index}`;
      joined.add(index);
      await run('ip', ['netns', 'add', namespace]);
      await run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
      await run('ip', ['link', 'set', cable, 'master', bridge, 'up']);
      const inside = (...args: string[]) => run('ip', ['-n', namespace, ...args]);
      await inside('address', 'add', `${address}/24`, 'dev', 'eth0');
      await inside('link', 'set', 'lo', 'up');
      await inside('link', 'set', 'eth0', 'up');
      await inside('route', 'add', 'default', 'via', `${prefix}.1`);
      return { namespace, address };
    },
    setLink: async (index, state) => void (await run('ip', ['link', 'set', cableOf(index), state])),
    processes: (index) => pidsIn(namespaceOf(index)),
    remove,
    async close() {
      await Promise.all([...joined].map(remove));
      await removeBridge(bridge);
    },
  };
}
