// HTTP to the Docker Engine over its unix socket (or TCP) on one keep-alive pool: every call bounded in time and size.
import { Agent, type IncomingMessage, request } from 'node:http';
import { errorText, UserError } from '@longshore/base';
import { EngineError, EngineTimeout, EngineUnreachable } from './errors.ts';

export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly archive?: Buffer | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the whole answer must be there; for streams, until the headers are there. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineTransport {
  /** The status and headers of an answer and its whole body (at most 8 MiB). Throws EngineError for a status ≥ 400. */
  call(
    call: EngineCall,
  ): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string }>;
  /** The answer as it comes; its reader bounds and ends it. Throws EngineError for a status ≥ 400. */
  stream(call: EngineCall): Promise<IncomingMessage>;
  close(): void;
}

const maxAnswerBytes = 8 * 1024 * 1024;

/** `unix:///path`, `tcp://host:port` or `http://host:port`. Throws UserError for anything else. */
export function parseDockerHost(
  text: string,
): { readonly socketPath: string } | { readonly host: string; readonly port: number } {
  if (text.startsWith('unix://')) return { socketPath: text.slice(7) };
  const match = /^(?:tcp|http):\/\/([^:/]+)(?::(\d+))?\/?$/.exec(text);
  if (match?.[1]) return { host: match[1], port: Number(match[2] ?? 2375) };
  throw new UserError(
    `The Docker host ${text} is not understood.`,
    'Give unix:///var/run/docker.sock or tcp://HOST:PORT.',
  );
}

async function readBounded(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) {
      message.destroy();
      throw new EngineError(0, `the Engine's answer is larger than ${maxAnswerBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function engineMessage(text: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object' && 'message' in parsed) return String(parsed.message);
  } catch {
    // Not JSON: the text itself says it.
  }
  return text.trim().slice(0, 2000) || `status ${status}`;
}

export function createTransport(dockerHost: string): EngineTransport {
  const target = parseDockerHost(dockerHost);
  const pool = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 8 });

  function open(call: EngineCall, timeout: AbortSignal, mayRetry: boolean): Promise<IncomingMessage> {
    const payload = call.archive ?? (call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)));
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...target,
        agent: pool,
        method: call.method,
        path: call.path,
        signal,
        headers: {
          host: 'docker',
          ...call.headers,
          ...(payload && {
            'content-type': call.archive ? 'application/x-tar' : 'application/json',
            'content-length': payload.length,
          }),
        },
      });
      outgoing.on('response', resolve);
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // The Engine closed an idle socket just as it was taken again. Every call that the agent makes may be repeated.
        if (mayRetry && outgoing.reusedSocket && !signal.aborted) open(call, timeout, false).then(resolve, reject);
        else reject(error);
      });
      outgoing.end(payload);
    });
  }

  function explain(error: unknown, call: EngineCall, timeout: AbortSignal): unknown {
    if (error instanceof EngineError) return error;
    if (timeout.aborted && !call.signal?.aborted)
      return new EngineTimeout(`${call.method} ${call.path.split('?')[0]}`, call.timeoutMs);
    return new EngineUnreachable(`the Docker Engine cannot be reached: ${errorText(error)}`);
  }

  /** A timer that only guards the headers is disarmed as soon as they are there. */
  async function stream(call: EngineCall): Promise<IncomingMessage> {
    const guard = new AbortController();
    const timer = setTimeout(() => guard.abort(), call.timeoutMs);
    try {
      const message = await open(call, guard.signal, true);
      const status = message.statusCode ?? 0;
      if (status >= 400) throw new EngineError(status, engineMessage(await readBounded(message), status));
      return message;
    } catch (error) {
      throw explain(error, call, guard.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async call(call) {
      const timeout = new AbortController();
      const timer = setTimeout(() => timeout.abort(), call.timeoutMs);
      try {
        const message = await open(call, timeout.signal, true);
        const status = message.statusCode ?? 0;
        const text = await readBounded(message);
        if (status >= 400) throw new EngineError(status, engineMessage(text, status));
        return { status, headers: message.headers, text };
      } catch (error) {
        throw explain(error, call, timeout.signal);
      } finally {
        clearTimeout(timer);
      }
    },
    stream,
    close() {
      pool.destroy();
    },
  };
}
