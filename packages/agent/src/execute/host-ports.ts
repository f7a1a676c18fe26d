// Finds host ports in a row for port ranges, by asking the machine which are free. What was handed out lately is not handed
// out again: its container may not listen yet.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AcsContainer } from '@longshore/aws';
import type { Clock } from '@longshore/base';
import { findFreeRange, hostRange, parseRange, type PortRange } from '../task/port-ranges.ts';

export interface HostPorts {
  /** Host ports for each port range of a container, by `containerPortRange/protocol`. Throws if there are not enough. */
  pick(container: AcsContainer): Promise<Readonly<Record<string, PortRange>>>;
}

const reservedMs = 5 * 60_000;

function isFreeTcp(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isFreeUdp(port: number, address: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address?.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => resolve(false));
    socket.bind({ port, ...(address !== undefined && { address }), exclusive: true }, () =>
      socket.close(() => resolve(true)),
    );
  });
}

export function createHostPorts(options: {
  readonly bindAddress?: string | undefined;
  readonly clock: Clock;
}): HostPorts {
  const { bindAddress, clock } = options;
  /** When each port may be handed out again. */
  const reserved = new Map<string, number>();
  let tail: Promise<unknown> = Promise.resolve();

  async function pickOne(text: string, protocol: 'tcp' | 'udp'): Promise<PortRange> {
    const range = parseRange(text);
    const count = range ? range.last - range.first + 1 : 0;
    const now = clock.now();
    for (const [key, until] of reserved) if (until <= now) reserved.delete(key);
    const key = (port: number) => `${port}/${protocol}`;
    const isFree = async (port: number) =>
      !reserved.has(key(port)) && (await (protocol === 'tcp' ? isFreeTcp : isFreeUdp)(port, bindAddress));
    const found = await findFreeRange(count, hostRange.first, isFree);
    if (!found) throw new Error(`there are no ${count} free host ports in a row for the port range ${text}`);
    for (let port = found.first; port <= found.last; port++) reserved.set(key(port), now + reservedMs);
    return found;
  }

  async function pickAll(container: AcsContainer): Promise<Record<string, PortRange>> {
    const picked: Record<string, PortRange> = {};
    for (const { containerPortRange, protocol } of container.portMappings)
      if (containerPortRange !== undefined)
        picked[`${containerPortRange}/${protocol}`] = await pickOne(containerPortRange, protocol);
    return picked;
  }

  return {
    async pick(container) {
      if (container.portMappings.every((each) => each.containerPortRange === undefined)) return {};
      // One at a time, so that two containers never find the same ports free.
      const mine = tail.catch(() => undefined).then(() => pickAll(container));
      tail = mine.catch(() => undefined);
      return mine;
    },
  };
}
