// For tests: an HTTP server that speaks AWS JSON 1.1 from a table of operations, so that the real SDK clients and the
// real `callJson` are used against it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one operation's input; throw `refusal(…)` for an error of the protocol. */
export type Answer = (input: Record<string, unknown>) => unknown;

export interface JsonServer {
  readonly url: string;
  /** What was called, in order: the operation's name and its input. */
  readonly calls: readonly { readonly operation: string; readonly input: Record<string, unknown> }[];
  close(): Promise<void>;
}

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function refusal(code: string, message: string): Error {
  return new Refusal(code, message);
}

/** Serves `operations` by name (`ListTasks`, whatever the service) on 127.0.0.1; others are UnknownOperationException. */
export async function jsonServer(operations: Readonly<Record<string, Answer>>): Promise<JsonServer> {
  const calls: { operation: string; input: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (request.url === '/readyz') {
        response.end('ok');
        return;
      }
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const input = JSON.parse(Buffer.concat(pieces).toString() || '{}') as Record<string, unknown>;
      calls.push({ operation, input });
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      try {
        const answer = operations[operation];
        if (!answer) throw refusal('UnknownOperationException', operation);
        response.end(JSON.stringify(answer(input)));
      } catch (error) {
        response.statusCode = 400;
        const code = error instanceof Refusal ? error.code : 'ServerException';
        response.end(JSON.stringify({ __type: code, message: String(error instanceof Error ? error.message : error) }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
