// A client that costs little: requests and answers of HTTP/1.1 over kept connections, of which it understands as much as the
// registries that are measured send. Node's own client takes as much of a two-core machine as the servers do, and what is
// compared then is the client.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

export interface LeanAnswer {
  readonly status: number;
  /** Of the head, with its names as they were sent. */
  readonly head: string;
  readonly bytes: number;
}

export interface LeanConnection {
  /** One request after the other. Throws unless the answer's status is `expected`. */
  send(method: string, path: string, expected: number, body?: { bytes: Uint8Array; type: string }): Promise<LeanAnswer>;
  close(): void;
}

interface Awaited {
  readonly isHead: boolean;
  readonly resolve: (answer: LeanAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The value of a header in the head of an answer. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \t]*(.*?)[ \t]*\r$`, 'im').exec(head)?.[1];
}

/** How long the body is; an answer that does not say so is not understood. */
function bodyLengthOf(head: string, status: number, isHead: boolean): number {
  if (isHead || status === 204 || status === 304) return 0;
  const length = headerOf(head, 'content-length');
  if (length === undefined) throw new Error(`An answer without Content-Length:\n${head}`);
  return Number(length);
}

const readBytes = 1024 * 1024;

/** `headers` go with every request. */
export async function leanConnection(
  url: string,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<LeanConnection> {
  const { hostname, port, host } = new URL(url);
  const common = Object.entries({ host, ...headers })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
    .join('');
  let awaited: Awaited | undefined;
  let start = '';
  let answer: LeanAnswer | undefined;
  let missing = 0;

  function fail(error: Error): void {
    awaited?.reject(error);
    awaited = undefined;
  }

  function settle(): void {
    const { current, done } = { current: answer, done: awaited };
    answer = undefined;
    awaited = undefined;
    if (current) done?.resolve(current);
  }

  function take(chunk: Buffer): void {
    if (answer) {
      missing -= chunk.length;
    } else {
      start += chunk.toString('latin1');
      const end = start.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = start.slice(0, end + 2);
      const status = Number(head.slice(9, 12));
      const bytes = bodyLengthOf(head, status, awaited?.isHead === true);
      missing = bytes - (start.length - end - 4);
      answer = { status, head, bytes };
      start = '';
    }
    if (missing === 0) settle();
    else if (missing < 0) throw new Error('More came than was asked for');
  }

  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const onread = {
    buffer,
    callback(length: number): boolean {
      try {
        take(buffer.subarray(0, length));
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
      return true;
    },
  };
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true, onread });
  await once(socket, 'connect');
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The connection was closed')));

  return {
    async send(method, path, expected, body) {
      const length = body || method === 'POST' ? `content-length: ${body?.bytes.length ?? 0}\r\n` : '';
      const type = body ? `content-type: ${body.type}\r\n` : '';
      const { status, head, bytes } = await new Promise<LeanAnswer>((resolve, reject) => {
        awaited = { isHead: method === 'HEAD', resolve, reject };
        socket.cork();
        socket.write(`${method} ${path} HTTP/1.1\r\n${common}${length}${type}\r\n`, 'latin1');
        if (body) socket.write(body.bytes);
        socket.uncork();
      });
      if (status !== expected) throw new Error(`${status} instead of ${expected} to ${method} ${path}\n${head}`);
      return { status, head, bytes };
    },
    close: () => void socket.destroy(),
  };
}
