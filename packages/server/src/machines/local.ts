// A group whose machines are on this host: for tests, and to use one big host as several. Needs root.
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Logger, UserError } from '@longshore/base';
import { ensureBridge } from './bridge.ts';
import {
  ensureMachine,
  type Machine,
  readMachine,
  removeMachine,
  saveMachine,
  type Surroundings,
} from './local-machine.ts';
import type { Bounds, RunningGroup } from './types.ts';

export interface LocalOptions extends Bounds {
  readonly name: string;
  /** Holds a folder for each machine of every local group. */
  readonly folder: string;
  /** The bridge's name and address, e.g. `10.89.7.1/24`; it is made if it is not there. */
  readonly bridge: string;
  readonly address: string;
  /** Whether machines may reach beyond this host. */
  readonly outside: boolean;
  readonly surroundings: () => Promise<Omit<Surroundings, 'bridge' | 'prefix' | 'size'>>;
  readonly log: Logger;
}

interface Known {
  readonly folder: string;
  readonly machine: Machine;
}

export function localGroup(options: LocalOptions): RunningGroup {
  const own = join(options.folder, options.name);
  const prefix = options.address.split('.').slice(0, 3).join('.');
  let tail: Promise<unknown> = Promise.resolve();

  /** One change at a time: addresses are handed out. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  }

  async function machinesIn(folder: string): Promise<Known[]> {
    const names = await readdir(folder).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => ({ folder: join(folder, name), machine: await readMachine(join(folder, name)) })),
    );
    return found.filter((each): each is Known => each.machine !== undefined);
  }

  async function freeHost(): Promise<number> {
    const groups = await readdir(options.folder).catch(() => []);
    const all = (await Promise.all(groups.map((group) => machinesIn(join(options.folder, group))))).flat();
    const used = new Set(all.map((each) => each.machine.host));
    for (let host = 100; host <= 254; host++) if (!used.has(host)) return host;
    throw new Error(`the network of ${options.bridge} has no address left`);
  }

  async function around(): Promise<Surroundings> {
    return { ...(await options.surroundings()), bridge: options.bridge, prefix, size: options.size };
  }

  return {
    minSize: options.minSize,
    maxSize: options.maxSize,
    size: options.size,
    async prepare() {
      if (process.getuid?.() !== 0)
        throw new UserError(`The machine group ${options.name} makes machines on this host, which only root may do.`);
      await mkdir(own, { recursive: true, mode: 0o700 });
      await ensureBridge(options.bridge, options.address, options.outside);
    },
    async resume() {
      const surroundings = await around();
      for (const { folder, machine } of await machinesIn(own)) {
        try {
          await inTurn(() => ensureMachine(folder, machine, surroundings));
        } catch (error) {
          options.log.error({ machine: machine.id, problem: errorText(error) }, 'a machine did not come back to life');
        }
      }
    },
    list: async () => (await machinesIn(own)).map((each) => each.machine.id),
    launch: (order) =>
      inTurn(async () => {
        const digest = createHash('sha256').update(order.token).digest('hex');
        const id = `${options.name.toLowerCase().slice(0, 20)}-${digest.slice(0, 12)}`;
        const folder = join(own, id);
        const known = await readMachine(folder);
        const machine = known ?? {
          id,
          namespace: `ls${digest.slice(0, 11)}`,
          host: await freeHost(),
          cluster: order.cluster,
          attributes: { ...order.attributes, 'longshore.instance-id': id },
        };
        await mkdir(folder, { recursive: true, mode: 0o700 });
        if (known === undefined) await saveMachine(folder, machine);
        await ensureMachine(folder, machine, await around());
        return id;
      }),
    terminate: (id) =>
      inTurn(async () => {
        const known = (await machinesIn(own)).find((each) => each.machine.id === id);
        if (known === undefined) return;
        await removeMachine(known.folder, known.machine.namespace, (await options.surroundings()).clock);
      }),
  };
}
