// Addresses that load balancers may listen on: one, or all of a block.
import { isIP } from 'node:net';

const most = 4096;

function block(address: string, length: number): readonly string[] | undefined {
  const size = 2 ** (32 - length);
  if (size > most) return undefined;
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(bits / size) * size;
  const all = Array.from({ length: size }, (_, i) => first + i);
  // The network's and the broadcast address are nobody's, except in a block of one or two.
  const usable = size > 2 ? all.slice(1, -1) : all;
  return usable.map((each) => [24, 16, 8, 0].map((shift) => Math.floor(each / 2 ** shift) % 256).join('.'));
}

/** `127.0.0.1`, `::1`, `10.0.3.0/28`: the addresses; undefined if it is none of these, or a block of more than 4,096. */
export function parseAddresses(text: string): readonly string[] | undefined {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0 || isIP(address) === 0) return undefined;
  if (length === undefined) return [address];
  if (isIP(address) !== 4 || !/^(?:[12]?\d|3[0-2])$/.test(length)) return undefined;
  return block(address, Number(length));
}
