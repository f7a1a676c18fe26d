// Whether a connection to the task endpoint comes from this machine: from one of its own addresses, or through one of the
// Engine's bridges. Another machine could send packets to a link-local address through this one; it gets no answer. Pure.
import { BlockList, type IPVersion } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

export type Interfaces = NodeJS.Dict<readonly NetworkInterfaceInfo[]>;

/** Docker names its default bridge docker0 and others br-<network id>. */
const bridge = /^(?:docker\d|br-|longshore)/;

function family(info: NetworkInterfaceInfo): IPVersion {
  return info.family === 'IPv6' ? 'ipv6' : 'ipv4';
}

/** `remote` as a socket names it, IPv4 also in its mapped form (`::ffff:172.17.0.2`). */
export function isLocalPeer(remote: string, interfaces: Interfaces): boolean {
  const address = remote.replace(/^::ffff:(?=\d+\.)/, '');
  const local = new BlockList();
  for (const [name, infos] of Object.entries(interfaces))
    for (const info of infos ?? []) {
      const prefix = bridge.test(name) ? Number(info.cidr?.split('/')[1]) : Number.NaN;
      if (Number.isNaN(prefix)) local.addAddress(info.address, family(info));
      else local.addSubnet(info.address, prefix, family(info));
    }
  return local.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}
