// By which of its addresses this machine is seen: the one that its connections to the control plane start from.
import { connect, isIP } from 'node:net';

const timeoutMs = 5_000;

/** The local address of a connection to `endpoint` (an http or https URL). Throws if it cannot be reached. */
export function localAddressTowards(endpoint: string): Promise<string> {
  const { hostname, port, protocol } = new URL(endpoint);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no connection to ${endpoint} within ${timeoutMs} ms`)),
    );
    socket.once('error', reject);
    socket.once('connect', () => {
      const address = (socket.localAddress ?? '').replace(/^::ffff:/, '');
      socket.destroy();
      if (isIP(address) === 0) reject(new Error(`the connection to ${endpoint} has no local address`));
      else resolve(address);
    });
  });
}
