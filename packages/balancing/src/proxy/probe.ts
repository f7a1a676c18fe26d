// Whether a listener could be bound, before the proxy is told of it: one port that is taken would fail the whole reload.
import { createServer } from 'node:net';

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'the address is not one of this machine',
};

/** Undefined if one can listen there, else why not. */
export function probePort(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(words[error.code ?? ''] ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
