// A command in a running container by the Engine ("Exec"): made, started on a connection of its own, resized, looked at.
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { createTransport, parseDockerHost } from '../docker/transport.ts';

export interface EngineExec {
  /** The id of the new exec. Throws EngineError. */
  create(containerId: string, command: readonly string[], tty: boolean): Promise<string>;
  /** Starts it; the socket carries its input, and its output: plain with a terminal, else in the Engine's frames. */
  start(execId: string, tty: boolean): Promise<Duplex>;
  resize(execId: string, size: { readonly cols: number; readonly rows: number }): Promise<void>;
  inspect(
    execId: string,
  ): Promise<{ readonly running: boolean; readonly exitCode: number | undefined; readonly pid: number }>;
  close(): void;
}

const askMs = 30_000;

export function createEngineExec(options: { readonly dockerHost: string }): EngineExec {
  const transport = createTransport(options.dockerHost);
  const target = parseDockerHost(options.dockerHost);

  async function post(path: string, body?: object): Promise<string> {
    return (await transport.call({ method: 'POST', path, timeoutMs: askMs, body })).text;
  }

  return {
    async create(containerId, command, tty) {
      const text = await post(`/containers/${containerId}/exec`, {
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty,
        Cmd: command,
        ...(tty && { Env: ['TERM=xterm-256color'] }),
      });
      return (JSON.parse(text) as { readonly Id: string }).Id;
    },
    start(execId, tty) {
      const body = JSON.stringify({ Detach: false, Tty: tty });
      return new Promise((resolve, reject) => {
        const call = request({
          ...target,
          method: 'POST',
          path: `/exec/${execId}/start`,
          headers: {
            host: 'docker',
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            connection: 'Upgrade',
            upgrade: 'tcp',
          },
        });
        call.on('upgrade', (_response, socket, head: Buffer) => {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        });
        call.on('response', (response) => {
          response.resume();
          reject(new Error(`the Engine refused to start the command with status ${response.statusCode}`));
        });
        call.on('error', reject);
        call.end(body);
      });
    },
    async resize(execId, { cols, rows }) {
      await post(`/exec/${execId}/resize?w=${cols}&h=${rows}`);
    },
    async inspect(execId) {
      const { text } = await transport.call({ method: 'GET', path: `/exec/${execId}/json`, timeoutMs: askMs });
      const seen = JSON.parse(text) as {
        readonly Running: boolean;
        readonly ExitCode: number | null;
        readonly Pid: number;
      };
      return { running: seen.Running, exitCode: seen.ExitCode ?? undefined, pid: seen.Pid };
    },
    close: () => transport.close(),
  };
}
