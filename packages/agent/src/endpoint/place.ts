// Where the task endpoint listens. As on ECS: 169.254.170.2, port 80, an address that this machine gives itself (on its
// loopback link, which needs root) and that containers reach through their bridge. Without root, or where another agent has
// it: the address of the Engine's own bridge and any port; SDKs take no keys from there, so there are none.
import { execFile } from 'node:child_process';
import type { Server } from 'node:http';
import { promisify } from 'node:util';
import { errorText, type Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';

export const taskAddress = '169.254.170.2';
const linkLabel = 'lo:longshore';

export interface Place {
  /** `http://169.254.170.2` or `http://172.17.0.1:51234`. */
  readonly url: string;
  /** SDKs look for keys here. */
  readonly servesKeys: boolean;
  readonly port: number;
  /** Gives back what was taken of the machine. After the server's close. */
  leave(): Promise<void>;
}

export interface PlaceOptions {
  readonly server: Server;
  readonly engine: Engine;
  /** The port of this agent's former life, which its containers know. */
  readonly formerPort: number | undefined;
  readonly log: Logger;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

const ip = (...args: readonly string[]) => promisify(execFile)('ip', [...args], { timeout: 10_000 });
const linkAddress = ['dev', 'lo', 'label', linkLabel, 'scope', 'host'] as const;

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

async function listenAsEcsDoes(server: Server): Promise<void> {
  try {
    await listen(server, taskAddress, 80);
  } catch (error) {
    if (!hasCode(error, 'EADDRNOTAVAIL')) throw error;
    await ip('address', 'add', `${taskAddress}/32`, ...linkAddress);
    await listen(server, taskAddress, 80);
  }
}

/** Only an address with our label is ours to remove. */
async function removeAddress(): Promise<void> {
  await ip('address', 'del', `${taskAddress}/32`, ...linkAddress).catch(() => undefined);
}

async function listenOnBridge({ server, engine, formerPort, log }: PlaceOptions): Promise<Place | undefined> {
  const gateway = (await engine.inspectNetwork('bridge'))?.IPAM?.Config?.[0]?.Gateway;
  if (!gateway) return undefined;
  const first = formerPort === undefined ? [] : [formerPort];
  for (const wanted of [...first, 0])
    try {
      const port = await listen(server, gateway, wanted);
      return { url: `http://${gateway}:${port}`, servesKeys: false, port, leave: async () => undefined };
    } catch (error) {
      log.debug({ gateway, port: wanted, problem: errorText(error) }, 'the task endpoint cannot listen here');
    }
  return undefined;
}

/** Undefined if there is no place for it at all; what is left out is said in the log. Throws when the Engine cannot be asked. */
export async function findPlace(options: PlaceOptions): Promise<Place | undefined> {
  const { server, log } = options;
  try {
    await listenAsEcsDoes(server);
    return { url: `http://${taskAddress}`, servesKeys: true, port: 80, leave: removeAddress };
  } catch (error) {
    const place = await listenOnBridge(options);
    log.warn(
      { problem: errorText(error), endpoint: place?.url },
      place
        ? 'no keys of task roles on this machine: the task endpoint cannot have its address 169.254.170.2'
        : 'no task metadata and no keys of task roles on this machine: there is no address for the task endpoint',
    );
    return place;
  }
}
