// What kind of network an address is in. A tenant chooses upstreams, and upstreams choose redirects: neither may reach the
// networks around this server unless that is meant (request forgery, CVE-2026-2376). Pure.
import { BlockList, isIP } from 'node:net';

export type Network = 'public' | 'private' | 'loopback' | 'never';

function blocks(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

const loopback = blocks('127.0.0.0/8', '::1/128');
const privates = blocks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');
/** Link-local (metadata services of clouds), unspecified, multicast, reserved, documentation, benchmarks, translations. */
const never = blocks(
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
);

/** An IPv4 address written as IPv6 (`::ffff:127.0.0.1`, also in hexadecimal) is that IPv4 address. */
function unmapped(address: string): string {
  const { hostname } = new URL(`http://[${address}]`);
  const match = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname);
  if (!match) return address;
  const [high, low] = [Number.parseInt(match[1] ?? '0', 16), Number.parseInt(match[2] ?? '0', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The network of an IP address (no brackets, no zone); `never` for what is none. */
export function networkOf(address: string): Network {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return 'never';
  const plain = family === 6 ? unmapped(address) : address;
  const kind = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, kind)) return 'loopback';
  if (privates.check(plain, kind)) return 'private';
  return never.check(plain, kind) ? 'never' : 'public';
}
