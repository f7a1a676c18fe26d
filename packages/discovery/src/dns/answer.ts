// What is answered to a question: names of services are their healthy instances, names below them are single instances. Pure but
// for the look-ups that it is given. Source: RFC 1035, RFC 2308 (negative answers), Cloud Map developer guide (routing).
import type { Answer, Packet, Question } from 'dns-packet';
import type { Instance, MapService } from '../records.ts';

export interface Zone {
  /** In lower case. */
  readonly name: string;
}

/** Where names are looked up. All in lower case, without the last dot. */
export interface Directory {
  /** The namespace that the name is in; undefined if it is in none. */
  zoneOf(name: string): Promise<Zone | undefined>;
  service(name: string): Promise<{ readonly service: MapService; readonly instances: readonly Instance[] } | undefined>;
  /** Whether there is anything below the name. */
  hasBelow(name: string): Promise<boolean>;
  /** Addresses that have nothing to do with namespaces: load balancers. */
  address(name: string): Promise<string | undefined>;
}

/** As many as Cloud Map gives. */
const mostAnswers = 8;
const balancerTtl = 15;

type Code = 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'FORMERR' | 'NOTIMP';
const codes: Readonly<Record<Code, number>> = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const authoritative = 1 << 10;

export interface Reply {
  readonly code: Code;
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
  readonly zone?: Zone;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function addressRecords(name: string, instance: Instance, ttl: number): Answer[] {
  const { AWS_INSTANCE_IPV4: v4, AWS_INSTANCE_IPV6: v6 } = instance.attributes;
  return [
    ...(v4 === undefined ? [] : [{ name, type: 'A' as const, ttl, data: v4 }]),
    ...(v6 === undefined ? [] : [{ name, type: 'AAAA' as const, ttl, data: v6 }]),
  ];
}

/** A label of its own for an instance whose id may be none. */
function instanceLabel(id: string): string {
  return id
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '-')
    .slice(0, 63);
}

function ofService(
  name: string,
  type: string,
  found: { readonly service: MapService; readonly instances: readonly Instance[] },
  random: () => number,
): Reply {
  const { service, instances } = found;
  const healthy = instances.filter((each) => each.healthy);
  const many = service.routing === 'WEIGHTED' ? 1 : mostAnswers;
  // None healthy: all of them, as Cloud Map does; a client that is told nothing cannot even try.
  const chosen = shuffled(healthy.length > 0 ? healthy : instances, random).slice(0, many);
  const record = service.records.find((each) => each.type === type);
  if (record === undefined) return { code: 'NOERROR', answers: [], additionals: [] };
  if (type !== 'SRV') {
    const answers = chosen.flatMap((each) => addressRecords(name, each, record.ttl));
    return { code: 'NOERROR', answers: answers.filter((each) => each.type === type), additionals: [] };
  }
  const targets = chosen.map((instance) => ({ instance, target: `${instanceLabel(instance.id)}.${name}` }));
  return {
    code: 'NOERROR',
    answers: targets.map(({ instance, target }) => ({
      name,
      type: 'SRV',
      ttl: record.ttl,
      data: { priority: 1, weight: 1, port: Number(instance.attributes['AWS_INSTANCE_PORT'] ?? 0), target },
    })),
    additionals: targets.flatMap(({ instance, target }) => addressRecords(target, instance, record.ttl)),
  };
}

async function inZone(
  name: string,
  type: string,
  zone: Zone,
  directory: Directory,
  random: () => number,
): Promise<Reply> {
  const found = await directory.service(name);
  if (found !== undefined) return { ...ofService(name, type, found, random), zone };
  const dot = name.indexOf('.');
  const above = dot < 0 ? undefined : await directory.service(name.slice(dot + 1));
  const one = above?.instances.find((each) => instanceLabel(each.id) === name.slice(0, dot));
  if (above !== undefined && one !== undefined) {
    const records = addressRecords(name, one, above.service.records[0]?.ttl ?? 15);
    return { code: 'NOERROR', answers: records.filter((each) => each.type === type), additionals: [], zone };
  }
  const there = name === zone.name || (await directory.hasBelow(name));
  return { code: there ? 'NOERROR' : 'NXDOMAIN', answers: [], additionals: [], zone };
}

export async function answerQuestion(
  question: Pick<Question, 'name' | 'type'>,
  directory: Directory,
  random: () => number = Math.random,
): Promise<Reply> {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const zone = await directory.zoneOf(name);
  if (zone !== undefined) return inZone(name, question.type, zone, directory, random);
  const address = await directory.address(name);
  // Nothing is asked elsewhere: this is no resolver.
  if (address === undefined) return { code: 'REFUSED', answers: [], additionals: [] };
  const type = address.includes(':') ? 'AAAA' : 'A';
  const answers: Answer[] = question.type === type ? [{ name, type, ttl: balancerTtl, data: address }] : [];
  return { code: 'NOERROR', answers, additionals: [] };
}

/** The packet of a reply. An answer that says no carries the zone's SOA, so that it is remembered for a moment only. */
export function toPacket(query: Packet, reply: Reply): Packet {
  const { code, answers, additionals, zone } = reply;
  const soa: Answer[] =
    zone === undefined || answers.length > 0
      ? []
      : [
          {
            name: zone.name,
            type: 'SOA',
            ttl: 5,
            data: {
              mname: `ns.${zone.name}`,
              rname: `hostmaster.${zone.name}`,
              serial: 1,
              refresh: 60,
              retry: 30,
              expire: 600,
              minimum: 5,
            },
          },
        ];
  // RD is given back as it was asked (RFC 1035 4.1.1).
  const recursionDesired = (query.flags ?? 0) & (1 << 8);
  return {
    type: 'response',
    id: query.id ?? 0,
    flags: (code === 'REFUSED' ? 0 : authoritative) | recursionDesired | codes[code],
    questions: query.questions ?? [],
    answers: [...answers],
    authorities: soa,
    additionals: [...additionals],
  };
}
