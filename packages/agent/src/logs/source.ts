// A container's output from the Engine ("Get container logs"): frames of a header of eight bytes and a line, each with its time
// before it; from a terminal the lines without frames.
import { createTransport } from '../docker/transport.ts';
import type { LogSource, OutputLine } from './types.ts';

const openMs = 30_000;
/** A line that never ends is cut here; the Engine itself cuts at 16 KiB and says so by leaving the line break out. */
const maxLine = 1024 * 1024;

const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) /;

function split(text: string): OutputLine | undefined {
  const at = stamped.exec(text)?.[1];
  return at === undefined ? undefined : { at, text: text.slice(at.length + 1) };
}

/** The payloads of the frames, each with the number of its stream. */
async function* frames(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ stream: number; text: string }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4);
      if (rest.length < 8 + length) break;
      yield { stream: rest[0] ?? 1, text: rest.toString('utf8', 8, 8 + length) };
      rest = rest.subarray(8 + length);
    }
  }
}

/** Lines out of frames: a frame without a line break is continued by the next one of its stream. */
async function* framedLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<OutputLine> {
  const open = new Map<number, OutputLine>();
  for await (const { stream, text } of frames(chunks)) {
    const line = split(text);
    if (!line) continue;
    const before = open.get(stream);
    const whole = before ? { at: before.at, text: before.text + line.text } : line;
    if (!whole.text.endsWith('\n') && whole.text.length < maxLine) {
      open.set(stream, whole);
      continue;
    }
    open.delete(stream);
    yield { at: whole.at, text: whole.text.replace(/\r?\n$/, '') };
  }
  yield* open.values();
}

async function* terminalLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<OutputLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const line = split(text.replace(/\r$/, ''));
      if (line) yield line;
    }
    if (rest.length > maxLine) rest = '';
  }
  const last = split(rest.replace(/\r$/, ''));
  if (last) yield last;
}

export function createLogSource(options: { readonly dockerHost: string }): LogSource {
  const transport = createTransport(options.dockerHost);
  return {
    async *follow(containerId, { tty, since, signal }) {
      const seconds =
        since === undefined ? '' : `&since=${Math.floor(Date.parse(since) / 1000)}.${since.slice(20, 29)}`;
      const path = `/containers/${containerId}/logs?stdout=1&stderr=1&follow=1&timestamps=1${seconds}`;
      const stream = await transport.stream({ method: 'GET', path, timeoutMs: openMs, signal });
      const lines = (tty ? terminalLines : framedLines)(stream as AsyncIterable<Buffer>);
      // Everything up to this time was taken before.
      for await (const line of lines) if (since === undefined || line.at > since) yield line;
    },
    close: () => transport.close(),
  };
}
