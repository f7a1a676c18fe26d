// A relay in front of the Docker Engine's socket, for tests in which the Engine is away for a while.
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Relay {
  readonly dockerHost: string;
  /** Cuts every connection and takes no new one. */
  away(): Promise<void>;
  back(): Promise<void>;
}

export async function startRelay(path: string, target: string): Promise<Relay> {
  const open = new Set<Socket>();
  let server: Server | undefined;

  function join(socket: Socket): void {
    const engine = connect(target);
    for (const [from, to] of [
      [socket, engine],
      [engine, socket],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  }

  async function back(): Promise<void> {
    await rm(path, { force: true });
    const listening = createServer(join);
    await new Promise<void>((resolve) => listening.listen(path, resolve));
    server = listening;
  }

  await back();
  return {
    dockerHost: `unix://${path}`,
    back,
    async away() {
      const closing = new Promise<void>((resolve) => {
        if (server) server.close(() => resolve());
        else resolve();
      });
      for (const socket of open) socket.destroy();
      await closing;
    },
  };
}
