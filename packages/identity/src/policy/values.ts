// Reading the values of conditions: numbers, dates, addresses. Each gives undefined for what it cannot read; a value
// that cannot be read matches nothing.
import { BlockList, isIP } from 'node:net';

const numberPattern = /^[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})$/;
const datePattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

export function readNumber(text: string): number | undefined {
  return numberPattern.test(text) ? Number(text) : undefined;
}

/** ISO 8601 (W3C profile; without a zone it is UTC) or seconds since the epoch; in milliseconds. */
export function readDate(text: string): number | undefined {
  const seconds = readNumber(text);
  // Four digits are a year in the W3C profile, not a second of 1970.
  if (seconds !== undefined) return /^\d{4}$/.test(text) ? Date.UTC(Number(text)) : seconds * 1000;
  if (!datePattern.test(text)) return undefined;
  const zoned = !text.includes('T') || /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}

export function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

export interface AddressRange {
  contains(address: string): boolean;
}

const prefixPattern = /^\d{1,3}$/;

/** A range in CIDR notation, or one address; IPv4 in IPv6 (`::ffff:1.2.3.4`) counts as IPv4. */
export function readAddressRange(text: string): AddressRange | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const widest = version === 4 ? 32 : 128;
  if (prefix !== undefined && (!prefixPattern.test(prefix) || Number(prefix) > widest)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix === undefined ? widest : Number(prefix), version === 4 ? 'ipv4' : 'ipv6');
  return {
    contains(given) {
      const bare = given.replace(/%.*$/, '');
      const kind = isIP(bare);
      return kind !== 0 && list.check(bare, kind === 4 ? 'ipv4' : 'ipv6');
    },
  };
}
