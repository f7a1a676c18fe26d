// Listening addresses as people write them.
import { isIPv6 } from 'node:net';

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Host and port of `HOST:PORT` or `[IPv6]:PORT`; port 0 lets the system choose. Undefined if it is not one. */
export function parseListen(text: string): Listen | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  const host = ipv6 ?? name ?? '';
  if (port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined;
  return { host, port };
}

/** `http://HOST:PORT`, with IPv6 in brackets. */
export function listenUrl(listen: Listen): string {
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
