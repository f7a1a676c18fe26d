// Where a layer's bytes go: into a response, which pushes back. Long runs of a file go to the socket inside the kernel where
// that is possible (plain TCP on Linux); the rest is written.
import type { ServerResponse } from 'node:http';
import type { ByteSink, FileBytes } from '@longshore/blobs';
import { type KernelCopy, socketDescriptor } from './kernel-copy.ts';

/** Thrown when the client went away in the middle of an answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** What the kernel is asked to send at once. It stops sooner when the socket is full. */
const runBytes = 4 * 1024 * 1024;
/** Written between two runs: when it has left, the socket has room again. */
const pieceBytes = 128 * 1024;

/** Writes to a response; each write resolves when the bytes have left, or rejects when the client is gone. */
export function responseSink(response: ServerResponse, kernel?: KernelCopy): ByteSink {
  let rejectWrite: ((error: Error) => void) | undefined;
  response.once('close', () => rejectWrite?.(new ClientGoneError()));

  function write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (response.destroyed) {
        reject(new ClientGoneError());
        return;
      }
      rejectWrite = reject;
      response.write(chunk, (error) => {
        rejectWrite = undefined;
        if (error) reject(new ClientGoneError());
        else resolve();
      });
    });
  }

  if (!kernel) return { write };
  return { write, takeFile: (file, first, length) => sendFile({ response, write, kernel }, file, first, length) };
}

interface Way {
  readonly response: ServerResponse;
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly kernel: KernelCopy;
}

/** A piece is written first, so that the head is out and nothing is queued; likewise whenever the socket is full. */
async function sendFile(way: Way, file: FileBytes, first: number, length: number): Promise<void> {
  const { response, write, kernel } = way;
  const end = first + length;
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, length));
  let position = first;

  async function writePiece(): Promise<void> {
    const piece = buffer.subarray(0, end - position);
    await file.fill(piece, position);
    position += piece.length;
    await write(piece);
  }

  await writePiece();
  const descriptor = socketDescriptor(response);
  // A descriptor of our own: if the client goes while the kernel sends, the number cannot become another connection's.
  const socket = descriptor === undefined ? undefined : kernel.duplicate(descriptor);
  try {
    while (position < end) {
      const asked = Math.min(runBytes, end - position);
      const sent = socket === undefined ? 0 : await kernel.send(socket, file.descriptor, position, asked);
      position += sent;
      if (sent < asked) await writePiece();
    }
  } finally {
    if (socket !== undefined) kernel.close(socket);
  }
}
