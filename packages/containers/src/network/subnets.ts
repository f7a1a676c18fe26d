// The tasks' network: one range of IPv4 addresses, cut into subnets of 256, one for each container instance. The first
// address is the subnet's gateway, the instance itself; the last is for broadcasts. Pure.
import { UserError } from '@longshore/base';

export interface TaskNetwork {
  /** The first address, as a number. */
  readonly base: number;
  /** How many subnets it has. */
  readonly subnets: number;
}

/** Seldom used by others: neither Docker's, nor Kubernetes', nor what clouds and homes give out. */
export const usualTaskNetwork = '10.208.0.0/12';

const subnetBits = 8;
export const firstHost = 2;
export const lastHost = 254;
/** Addresses that a subnet has for tasks. */
export const hostsOfSubnet = lastHost - firstHost + 1;

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Reads `10.208.0.0/12`, of length 8 to 24. Throws UserError. */
export function parseTaskNetwork(text: string): TaskNetwork {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = (match ?? []).slice(1).map(Number);
  const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const size = 2 ** (32 - length);
  if (!match || Math.max(a, b, c, d) > 255 || length < 8 || length > 24 || base % size !== 0)
    throw new UserError(
      `The task network ${text} is not understood.`,
      'Give a range like 10.208.0.0/12, of /8 to /24.',
    );
  return { base, subnets: size / 2 ** subnetBits };
}

export interface Address {
  readonly address: string;
  /** With the length of the subnet's prefix: `10.208.3.1/24`. */
  readonly gateway: string;
  readonly macAddress: string;
}

/** The address of host `host` in the subnet of number `subnet`; its MAC address follows from it, as Docker's do. */
export function addressOf(network: TaskNetwork, subnet: number, host: number): Address {
  const first = network.base + subnet * 2 ** subnetBits;
  const address = first + host;
  const bytes = [24, 16, 8, 0].map((shift) => ((address >>> shift) & 255).toString(16).padStart(2, '0'));
  return {
    address: dotted(address),
    gateway: `${dotted(first + 1)}/${32 - subnetBits}`,
    macAddress: `02:42:${bytes.join(':')}`,
  };
}

/** A host number that is not among `used`, looked for from a random one on; undefined if there is none. */
export function freeHost(used: ReadonlySet<number>, random: () => number): number | undefined {
  const from = Math.floor(random() * hostsOfSubnet);
  for (let i = 0; i < hostsOfSubnet; i++) {
    const host = firstHost + ((from + i) % hostsOfSubnet);
    if (!used.has(host)) return host;
  }
  return undefined;
}
