// Runs the DNS server from the first namespace (or load balancer) on, and tries again where its address is not free.
import { errorText, type LoopService, loopService } from '@longshore/base';
import { sql, type Store } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { findInstances, findMapServices, findNamespaces } from '../records.ts';
import type { Directory } from './answer.ts';
import { type DnsListen, type DnsServer, startDns } from './server.ts';

const everyMs = 5_000;

/** What is above a name, itself first: `a.b.c`, `b.c`, `c`. */
function chain(name: string): string[] {
  const parts = name.split('.');
  return parts.map((_, i) => parts.slice(i).join('.'));
}

export function storeDirectory(store: Store, address: Directory['address']): Directory {
  return {
    address,
    async zoneOf(name) {
      for (const each of chain(name)) {
        const [found] = await findNamespaces(store, sql`dns_name = ${each}`);
        if (found !== undefined) return { name: each };
      }
      return undefined;
    },
    async service(name) {
      const [service] = await findMapServices(store, sql`dns_name = ${name}`);
      return service && { service, instances: await findInstances(store, sql`service_id = ${service.id}`, 1000) };
    },
    async hasBelow(name) {
      const end = `.${name}`;
      const row = await store.get(
        sql`SELECT id FROM sd_services WHERE substr(dns_name, length(dns_name) - ${end.length - 1}) = ${end} LIMIT 1`,
      );
      return row !== undefined;
    },
  };
}

export interface DnsKeeper extends LoopService {
  /** Where it listens now. */
  listening(): { readonly address: string; readonly port: number } | undefined;
}

export function dnsKeeper(core: DiscoveryCore, listen: DnsListen, directory: Directory): DnsKeeper {
  let server: DnsServer | undefined;
  let said: string | undefined;
  const loop = loopService({
    id: 'service discovery DNS',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step() {
      if (server !== undefined) return;
      if ((await core.store.get(sql`SELECT id FROM sd_namespaces WHERE kind = 'DNS_PRIVATE' LIMIT 1`)) === undefined)
        return;
      try {
        server = await startDns(listen, directory, core.log);
        core.log.info({ address: server.address, port: server.port }, 'the DNS server listens');
      } catch (error) {
        const why = errorText(error);
        if (why !== said)
          core.log.warn({ ...listen, why }, 'the DNS server cannot listen; set dnsListen to an address that is free');
        said = why;
      }
    },
  });
  return {
    ...loop,
    listening: () => server && { address: server.address, port: server.port },
    async stop() {
      await loop.stop();
      await server?.close();
      server = undefined;
    },
  };
}
