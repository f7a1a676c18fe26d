import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demultiplex, dockerLogs, type LogChunk } from './docker-logs.ts';
import { frame, withEngine } from './testing/engine.ts';

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collectText(chunks: AsyncIterable<LogChunk>): Promise<{ stdout: string; stderr: string }> {
  const collected = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, bytes } of chunks) collected[stream].push(bytes);
  return { stdout: Buffer.concat(collected.stdout).toString(), stderr: Buffer.concat(collected.stderr).toString() };
}

it('frames come out whole, however the bytes arrive', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 20 })), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (all, cuts) => {
      const bytes = Buffer.concat(all.map(([stream, text]) => frame(stream, text)));
      const textOf = (wanted: number) =>
        all
          .filter(([stream]) => stream === wanted)
          .map(([, text]) => text)
          .join('');
      expect(await collectText(demultiplex(pieces(bytes, cuts)))).toEqual({ stdout: textOf(1), stderr: textOf(2) });
    }),
  );
});

describe('logs of the Engine', () => {
  const asked = { containerId: 'abc', follow: false, timestamps: false, signal: new AbortController().signal };

  it('are told apart by stream', async () => {
    const paths: string[] = [];
    await withEngine(
      (request, response) => {
        paths.push(request.url ?? '');
        response.end(request.url?.endsWith('/json') ? '{"Config":{"Tty":false}}' : frame(2, 'oops'));
      },
      async (dockerHost) => {
        expect(await collectText(dockerLogs({ ...asked, dockerHost, tail: 5 }))).toEqual({
          stdout: '',
          stderr: 'oops',
        });
      },
    );
    expect(paths[1]).toBe('/containers/abc/logs?stdout=1&stderr=1&follow=0&timestamps=0&tail=5');
  });

  it('of a terminal come as they are', async () => {
    await withEngine(
      (request, response) => response.end(request.url?.endsWith('/json') ? '{"Config":{"Tty":true}}' : 'raw'),
      async (dockerHost) => {
        expect((await collectText(dockerLogs({ ...asked, dockerHost }))).stdout).toBe('raw');
      },
    );
  });

  it('of a container that is not here say where to look', async () => {
    await withEngine(
      (_request, response) => void response.writeHead(404).end('{}'),
      async (dockerHost) => {
        await expect(collectText(dockerLogs({ ...asked, dockerHost }))).rejects.toThrow(/not on this machine/);
      },
    );
  });

  it('without an Engine say so', async () => {
    const dockerHost = 'unix:///nonexistent/docker.sock';
    await expect(collectText(dockerLogs({ ...asked, dockerHost }))).rejects.toThrow(/cannot be asked/);
    await expect(collectText(dockerLogs({ ...asked, dockerHost: 'tcp://x' }))).rejects.toThrow(/not a Docker socket/);
  });
});
