// A container's output from the Docker Engine of this machine (Engine API, "Get container logs"; unversioned paths
// mean the Engine's own version).
import { type IncomingMessage, request } from 'node:http';
import { UserError } from '@longshore/base';

export interface LogRequest {
  /** `unix:///var/run/docker.sock` */
  readonly dockerHost: string;
  readonly containerId: string;
  readonly follow: boolean;
  /** How many of the last lines; undefined = all. */
  readonly tail?: number | undefined;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
}

export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/**
 * The output as it was written, in order. Throws `UserError` if the Engine cannot be asked or has no such container (it
 * runs on another machine, or was removed).
 */
export async function* dockerLogs(asked: LogRequest): AsyncGenerator<LogChunk> {
  const id = encodeURIComponent(asked.containerId);
  const inspected = await ask(asked, `/containers/${id}/json`);
  const tty = hasTty(await readJson(inspected));
  const query = new URLSearchParams({
    stdout: '1',
    stderr: '1',
    follow: asked.follow ? '1' : '0',
    timestamps: asked.timestamps ? '1' : '0',
    tail: asked.tail === undefined ? 'all' : String(asked.tail),
  });
  const answer = await ask(asked, `/containers/${id}/logs?${query.toString()}`);
  try {
    if (tty) for await (const bytes of answer) yield { stream: 'stdout', bytes };
    else yield* demultiplex(answer);
  } catch (error) {
    // The end of `--follow`.
    if (!asked.signal.aborted) throw error;
  }
}

/**
 * Splits the Engine's stream of frames: a byte for the stream (1 stdout, 2 stderr), three zeros, the length as four
 * bytes (big-endian), and that many bytes. A frame may come in any number of pieces; its bytes are passed on at once.
 */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<LogChunk> {
  const header = Buffer.alloc(8);
  let have = 0;
  let left = 0;
  for await (const piece of source) {
    let at = 0;
    while (at < piece.length) {
      if (left === 0) {
        const take = Math.min(8 - have, piece.length - at);
        header.set(piece.subarray(at, at + take), have);
        have += take;
        at += take;
        if (have < 8) continue;
        have = 0;
        left = header.readUInt32BE(4);
      } else {
        const take = Math.min(left, piece.length - at);
        yield { stream: header[0] === 2 ? 'stderr' : 'stdout', bytes: piece.subarray(at, at + take) };
        left -= take;
        at += take;
      }
    }
  }
}

function ask({ dockerHost, signal }: LogRequest, path: string): Promise<IncomingMessage> {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1];
  if (socketPath === undefined) {
    throw new UserError(`${dockerHost} is not a Docker socket.`, 'Write it as unix:///var/run/docker.sock.');
  }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, signal, headers: { host: 'docker' } }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      answer.resume();
      reject(
        answer.statusCode === 404
          ? new UserError(
              'The container is not on this machine, or it was removed.',
              'Call longshore logs on the machine that ran it; logs are not collected from other machines yet.',
            )
          : new UserError(`The Docker Engine at ${dockerHost} answered ${answer.statusCode} to ${path.split('?')[0]}.`),
      );
    });
    call.on('error', (error) =>
      reject(
        new UserError(
          `The Docker Engine at ${dockerHost} cannot be asked: ${error.message}`,
          'Logs are read from the Docker Engine of this machine. Call longshore as a user who may use it, or name its socket with --docker-host.',
        ),
      ),
    );
    call.end();
  });
}

const largestInspection = 8 * 1024 * 1024;

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > largestInspection)
      throw new UserError('The Docker Engine answered more than 8 MiB about one container.');
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

function hasTty(inspected: unknown): boolean {
  const config = typeof inspected === 'object' && inspected !== null && 'Config' in inspected ? inspected.Config : null;
  return typeof config === 'object' && config !== null && 'Tty' in config && config.Tty === true;
}
