// The DNS server: UDP and TCP on one address. Bounded in everything that a stranger could make it keep: questions at work,
// connections, bytes, time.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import * as dnsPacket from 'dns-packet';
import type { Logger } from '@longshore/base';
import { answerQuestion, type Directory, type Reply, toPacket } from './answer.ts';

const mostAtWork = 256;
const mostConnections = 64;
const idleMs = 10_000;
const longestQuery = 1024;
const plainUdpBytes = 512;
/** What surely fits a packet on any path (DNS flag day 2020). */
const mostUdpBytes = 1232;

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface DnsListen {
  readonly host: string;
  readonly port: number;
}

function udpRoom(query: dnsPacket.Packet): number {
  const edns = query.additionals?.find((each) => each.type === 'OPT');
  const asked = edns !== undefined && 'udpPayloadSize' in edns ? Number(edns.udpPayloadSize) : plainUdpBytes;
  return Math.max(plainUdpBytes, Math.min(asked, mostUdpBytes));
}

/** Undefined where no answer is due. */
async function respond(
  bytes: Buffer,
  directory: Directory,
  log: Logger,
): Promise<{ query: dnsPacket.Packet; packet: dnsPacket.Packet } | undefined> {
  if (bytes.length > longestQuery) return undefined;
  let query: dnsPacket.Packet;
  try {
    query = dnsPacket.decode(bytes);
  } catch {
    return undefined;
  }
  // An answer is never answered: two servers could go on for ever.
  if (query.type !== 'query') return undefined;
  const say = (reply: Reply) => ({ query, packet: toPacket(query, reply) });
  const none = { answers: [], additionals: [] };
  if (((query.flags ?? 0) >> 11) & 0xf) return say({ code: 'NOTIMP', ...none });
  const [question, ...others] = query.questions ?? [];
  if (question === undefined || others.length > 0) return say({ code: 'FORMERR', ...none });
  try {
    return say(await answerQuestion(question, directory));
  } catch (error) {
    log.warn({ err: error }, 'a name could not be looked up');
    return undefined;
  }
}

function encodeForUdp(query: dnsPacket.Packet, packet: dnsPacket.Packet): Buffer {
  const room = udpRoom(query);
  const whole = dnsPacket.encode(packet);
  if (whole.length <= room) return whole;
  const bare = dnsPacket.encode({ ...packet, additionals: [] });
  if (bare.length <= room) return bare;
  return dnsPacket.encode({
    ...packet,
    flags: (packet.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
    additionals: [],
  });
}

function serveTcp(socket: Socket, handle: (bytes: Buffer) => Promise<Buffer | undefined>): void {
  let held = Buffer.alloc(0);
  let work = Promise.resolve();
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const length = held.readUInt16BE(0);
      if (length > longestQuery) return void socket.destroy();
      if (held.length < 2 + length) return;
      const query = held.subarray(2, 2 + length);
      held = held.subarray(2 + length);
      work = work
        .then(() => handle(query))
        .then((answer) => {
          if (answer === undefined) return void socket.destroy();
          const head = Buffer.alloc(2);
          head.writeUInt16BE(answer.length);
          socket.write(Buffer.concat([head, answer]));
        });
    }
    // Whoever sends faster than it reads is not waited for.
    if (socket.writableLength > 256 * 1024) socket.destroy();
  });
}

function bindUdp(socket: UdpSocket, listen: DnsListen): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port: listen.port, address: listen.host, exclusive: true }, () => {
      socket.off('error', reject);
      resolve(socket.address().port);
    });
  });
}

function bindTcp(server: Server, listen: DnsListen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: listen.port, host: listen.host, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Listens until it is closed. Rejects if it cannot. */
export async function startDns(listen: DnsListen, directory: Directory, log: Logger): Promise<DnsServer> {
  let atWork = 0;
  const limited = async (bytes: Buffer) => {
    if (atWork >= mostAtWork) return undefined;
    atWork++;
    try {
      return await respond(bytes, directory, log);
    } finally {
      atWork--;
    }
  };
  const udp = createSocket(listen.host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (bytes, from) => {
    void limited(bytes).then((reply) => {
      if (reply !== undefined)
        udp.send(encodeForUdp(reply.query, reply.packet), from.port, from.address, () => undefined);
    });
  });
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    serveTcp(socket, async (bytes) => {
      const reply = await limited(bytes);
      return reply && dnsPacket.encode(reply.packet);
    });
  });
  tcp.maxConnections = mostConnections;
  const port = await bindUdp(udp, listen).catch((error: unknown) => {
    udp.close();
    throw error;
  });
  try {
    await bindTcp(tcp, { ...listen, port });
  } catch (error) {
    udp.close();
    throw error;
  }
  udp.on('error', (error) => log.warn({ err: error }, 'the DNS socket failed'));
  return {
    address: listen.host,
    port,
    async close() {
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}
