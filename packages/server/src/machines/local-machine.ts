// One machine on this host: a network namespace with a Docker Engine and an agent. All it is lies in one folder, so that it
// is found again, and everything here may be repeated.
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@longshore/base';
import { z } from 'zod';
import { ensureNamespace, processesOf, removeNamespace } from './bridge.ts';
import { tryExec } from './exec.ts';
import { alivePid, endProcess, ensureProcess, signal } from './processes.ts';

export const machineSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** The namespace's name, and the cable's. */
  namespace: z.string().regex(/^[a-z0-9]{1,15}$/),
  /** The last part of its address in the bridge's subnet. */
  host: z.number().int().min(2).max(254),
  cluster: z.string(),
  attributes: z.record(z.string(), z.string()),
});
export type Machine = Readonly<z.infer<typeof machineSchema>>;

export interface Surroundings {
  readonly bridge: string;
  /** `10.89.7` */
  readonly prefix: string;
  /** Of this server, as the machine reaches it. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly size: { readonly cpu: number; readonly memory: number };
  /** The `longshore` program. */
  readonly program: string;
  readonly clock: Clock;
}

const engineStartMs = 30_000;

export async function readMachine(folder: string): Promise<Machine | undefined> {
  try {
    return machineSchema.parse(JSON.parse(readFileSync(join(folder, 'machine.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function saveMachine(folder: string, machine: Machine): Promise<void> {
  const file = join(folder, 'machine.json');
  await writeFile(`${file}.new`, JSON.stringify(machine), { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

/** Brings the machine to life, as far as it is not. Throws if its Engine does not answer. */
export async function ensureMachine(folder: string, machine: Machine, around: Surroundings): Promise<void> {
  const { prefix, clock } = around;
  const { namespace, host } = machine;
  await ensureNamespace(namespace, namespace, around.bridge, `${prefix}.${host}/24`, `${prefix}.1`);
  const inside = ['nsenter', `--net=/run/netns/${namespace}`];
  const engine = join(folder, 'engine');
  const socket = `unix://${engine}/docker.sock`;
  // Each machine's containers have a subnet of their own, for what is routed between machines.
  const own = ['--data-root', `${engine}/data`, '--exec-root', `${engine}/exec`, '--pidfile', `${engine}/docker.pid`];
  const registry = new URL(around.endpoint);
  const command = [
    ...inside,
    'dockerd',
    ...own,
    '-H',
    socket,
    '--bip',
    `172.30.${host}.1/24`,
    '--insecure-registry',
    registry.host,
  ];
  await ensureProcess(join(folder, 'engine.pid'), command, { logFile: join(folder, 'engine.log') });
  const deadline = clock.now() + engineStartMs;
  while ((await tryExec([...inside, 'docker', '-H', socket, 'version'], { timeoutMs: 5_000 })).code !== 0) {
    if (clock.now() > deadline || (await alivePid(join(folder, 'engine.pid'))) === undefined)
      throw new Error(`the Docker Engine of machine ${machine.id} does not answer; see ${folder}/engine.log`);
    await clock.sleep(100);
  }
  const attributes = Object.entries(machine.attributes).flatMap(([name, value]) => ['--attribute', `${name}=${value}`]);
  const flags = ['--endpoint', around.endpoint, '--region', around.region, '--cluster', machine.cluster];
  const offer = ['--cpu', String(around.size.cpu), '--memory', String(around.size.memory)];
  const agent = ['agent', ...flags, '--data', join(folder, 'agent'), '--docker-host', socket, ...offer, ...attributes];
  await ensureProcess(join(folder, 'agent.pid'), [...inside, around.program, ...agent], {
    logFile: join(folder, 'agent.log'),
    env: {
      AWS_ACCESS_KEY_ID: around.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: around.credentials.secretAccessKey,
    },
  });
}

/** Mount points below a folder, innermost first. Source: proc(5), /proc/self/mounts. */
function mountsUnder(folder: string): string[] {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return points.filter((point) => point.startsWith(`${folder}/`)).toReversed();
}

/** Ends the machine with all that runs on it, and forgets it. */
export async function removeMachine(folder: string, namespace: string, clock: Clock): Promise<void> {
  await endProcess(join(folder, 'agent.pid'), 5_000, clock);
  const socket = `unix://${join(folder, 'engine')}/docker.sock`;
  const listed = await tryExec(['docker', '-H', socket, 'ps', '-aq'], { timeoutMs: 10_000 });
  const containers = listed.stdout.split('\n').filter(Boolean);
  if (containers.length > 0) await tryExec(['docker', '-H', socket, 'rm', '-f', ...containers], { timeoutMs: 60_000 });
  await endProcess(join(folder, 'engine.pid'), 20_000, clock);
  for (const pid of await processesOf(namespace)) signal(pid, 'SIGKILL');
  await removeNamespace(namespace, namespace);
  for (const mount of mountsUnder(folder)) await tryExec(['umount', '-l', mount], { timeoutMs: 10_000 });
  await rm(folder, { recursive: true, force: true });
}
