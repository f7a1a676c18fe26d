// One session of ECS Exec on this machine: dials the control plane, runs the command in the container, carries bytes between
// the two until one ends. Nothing on this machine listens for it.
import { readFile } from 'node:fs/promises';
import { kill } from 'node:process';
import type { Duplex } from 'node:stream';
import { type Clock, errorText, type Logger } from '@longshore/base';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { commandWords } from './words.ts';
import type { EngineExec } from './engine-exec.ts';

export interface ExecRequest {
  readonly containerId: string;
  readonly command: string;
  readonly interactive: boolean;
}

export interface ExecParts {
  readonly engine: EngineExec;
  readonly clock: Clock;
  readonly log: Logger;
}

const highWater = 1024 * 1024;
const controlSchema = z.object({
  resize: z.object({ cols: z.number().int(), rows: z.number().int() }).optional(),
  eof: z.boolean().optional(),
});

function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.concat([data].flat().map((part) => new Uint8Array(part)));
}

/** Output of a command without a terminal: frames of the Engine, told apart into output (0) and errors (1). */
async function* framed(source: AsyncIterable<Buffer>): AsyncGenerator<readonly [0 | 1, Buffer]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4);
      if (rest.length < 8 + length) break;
      yield [rest[0] === 2 ? 1 : 0, rest.subarray(8, 8 + length)];
      rest = rest.subarray(8 + length);
    }
  }
}

async function* plain(source: AsyncIterable<Buffer>): AsyncGenerator<readonly [0 | 1, Buffer]> {
  for await (const chunk of source) yield [0, chunk];
}

/** Resolves when the session is over. */
export async function runSession(socket: WebSocket, request: ExecRequest, parts: ExecParts): Promise<void> {
  const { engine, clock, log } = parts;
  const tell = (control: object) =>
    socket.send(Buffer.concat([Buffer.from([2]), Buffer.from(JSON.stringify(control))]));
  let execId: string | undefined;
  let stream: Duplex | undefined;
  const early: Buffer[] = [];
  const gone = new AbortController();

  function take(frame: Buffer): void {
    const payload = frame.subarray(1);
    if (frame[0] === 0) return void stream?.write(payload);
    const control = controlSchema.safeParse(JSON.parse(payload.toString('utf8'))).data;
    if (control?.eof) stream?.end();
    // A size that comes too early or too late changes nothing that matters.
    if (control?.resize && execId) engine.resize(execId, control.resize).catch(() => undefined);
  }

  socket.on('message', (data) => {
    const frame = bytesOf(data);
    if (stream) take(frame);
    else if (early.length < 1000) early.push(frame);
  });
  socket.on('close', () => gone.abort());
  socket.on('error', () => gone.abort());
  socket.resume();

  try {
    execId = await engine.create(request.containerId, commandWords(request.command), request.interactive);
    stream = await engine.start(execId, request.interactive);
    const started = stream;
    started.on('error', () => undefined);
    gone.signal.addEventListener('abort', () => started.destroy(), { once: true });
    for (const frame of early.splice(0)) take(frame);
    const output = request.interactive ? plain(started) : framed(started);
    for await (const [kind, bytes] of output) {
      socket.send(Buffer.concat([Buffer.from([kind]), bytes]));
      while (socket.bufferedAmount > highWater && !gone.signal.aborted) await clock.sleep(10, gone.signal);
    }
  } catch (error) {
    if (!gone.signal.aborted) tell({ error: errorText(error) });
  }
  if (execId === undefined) {
    tell({ exit: 126 });
    return socket.close(1000);
  }
  const seen = await engine.inspect(execId).catch(() => undefined);
  if (gone.signal.aborted) {
    // Who left does not come back: what they started ends, where this agent may end it.
    if (seen?.running && seen.pid > 1) await endProcess(seen.pid, request.containerId, log);
    return;
  }
  tell({ exit: seen?.exitCode ?? 1 });
  socket.close(1000);
}

/** Only a process that is visibly of this container is ended: the Engine's numbers may be of another machine's processes. */
async function endProcess(pid: number, containerId: string, log: Logger): Promise<void> {
  try {
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) return;
    kill(pid, 'SIGHUP');
    kill(pid, 'SIGKILL');
  } catch (error) {
    log.debug({ pid, problem: errorText(error) }, 'the command of a session cannot be ended');
  }
}
