// One exchange with a socket of the proxy: a line of commands, the answer until it closes. Bounded in time and size.
import { connect } from 'node:net';

const timeoutMs = 5_000;
const mostBytes = 64 * 1024 * 1024;

/** Rejects if nobody answers. Commands are joined by `;`, which none of ours holds. */
export function ask(path: string, commands: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect(path);
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => fail(new Error('the proxy does not answer')));
    socket.once('error', fail);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > mostBytes) fail(new Error('the proxy says too much'));
    });
    socket.once('end', () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString());
    });
    socket.end(`${commands.join(';')}\n`);
  });
}
