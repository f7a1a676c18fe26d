// Files into responses by the kernel: every byte, in order, also to slow clients, over kept connections and beside each other;
// a client that goes away leaves no descriptor behind.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileBytes } from '@longshore/blobs';
import { openKernelCopy } from './kernel-copy.ts';
import { ClientGoneError, responseSink } from './response-sink.ts';

const content = randomBytes(24 * 1024 * 1024 + 17);
const isLinux = process.platform === 'linux';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface World {
  readonly server: Server;
  readonly failures: unknown[];
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `content` from byte `?first` to its end, with a head before it that says which byte it was. */
async function serve(kernel: ReturnType<typeof openKernelCopy>): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-sink-'));
  await writeFile(join(folder, 'file'), content);
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    const first = Number(new URL(request.url ?? '', 'http://x').searchParams.get('first') ?? 0);
    const length = content.length - first;
    response.writeHead(200, { 'content-length': length + 6 });
    const send = async () => {
      await using file = await open(join(folder, 'file'));
      const sink = responseSink(response, kernel);
      await sink.write(Buffer.from('begin '));
      if (sink.takeFile) await sink.takeFile(fileBytes(file), first, length);
      else await sink.write(content.subarray(first));
      response.end();
    };
    send().catch((error: unknown) => {
      failures.push(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    server,
    failures,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

function answerOf(url: string, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, { agent }, resolve).on('error', reject));
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function openSockets(): number {
  return readdirSync('/proc/self/fd').length;
}

describe.skipIf(!isLinux)('a file into a response', () => {
  let world: World;
  beforeAll(async () => {
    world = await serve(openKernelCopy());
  });
  afterAll(() => world.close());

  const whole = (first: number) => sha256(Buffer.concat([Buffer.from('begin '), content.subarray(first)]));

  it('goes through the kernel on Linux', () => {
    expect(openKernelCopy()).toBeDefined();
  });

  it('comes whole, again and again over one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const first of [0, 1, 4 * 1024 * 1024, content.length - 1, 12_345]) {
      const answer = await answerOf(`${world.url}/?first=${first}`, agent);
      expect(sha256(await read(answer))).toBe(whole(first));
    }
    agent.destroy();
  });

  it('comes whole to twenty at once, some of them slow', async () => {
    const wanted = whole(0);
    const digests = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const answer = await answerOf(`${world.url}/?first=0`);
        const hash = createHash('sha256');
        for await (const chunk of answer) {
          hash.update(chunk as Buffer);
          // A slow one lets the others go first, again and again: its socket is full most of the time.
          if (i % 4 === 0) for (let turn = 0; turn < 20; turn += 1) await setImmediate();
        }
        return hash.digest('hex');
      }),
    );
    expect(new Set(digests)).toEqual(new Set([wanted]));
  });

  it('ends with ClientGoneError when its client goes, and leaves no descriptor', async () => {
    const before = openSockets();
    for (let i = 0; i < 20; i += 1) {
      const answer = await answerOf(`${world.url}/?first=0`, new Agent({ keepAlive: false }));
      await once(answer, 'readable');
      answer.destroy();
    }
    await expect.poll(() => world.failures.length, { timeout: 20_000 }).toBe(20);
    expect(world.failures.every((error) => error instanceof ClientGoneError)).toBe(true);
    await expect.poll(openSockets, { timeout: 20_000 }).toBeLessThanOrEqual(before + 1);
  });
});

it('without the kernel, a response is written to', async () => {
  const world = await serve(undefined);
  expect((await read(await answerOf(world.url))).length).toBe(content.length + 6);
  await world.close();
});
