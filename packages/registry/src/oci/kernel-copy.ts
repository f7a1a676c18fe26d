// sendfile(2): from a file to a socket without a copy through this process. Node has no call for it, so libc's is called (koffi);
// where that cannot be had, and on anything but Linux, layers are written as everything else is.
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { withLibc } from '@longshore/blobs';

export interface KernelCopy {
  /** Bytes that went from `position` of `file` to the socket without waiting for it: 0 if it is full or gone. */
  send(socket: number, file: number, position: number, bytes: number): Promise<number>;
  /** Another descriptor of the same socket, or undefined. Must be closed. */
  duplicate(socket: number): number | undefined;
  close(socket: number): void;
}

/** F_DUPFD_CLOEXEC */
const duplicateCloseOnExec = 1030;

/** Undefined where it cannot be done. */
export function openKernelCopy(): KernelCopy | undefined {
  return withLibc((libc) => {
    const sendfile = libc.func('int64_t sendfile(int out, int in, _Inout_ int64_t *offset, uint64_t count)');
    const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
    const close = libc.func('int close(int fd)');
    return {
      send: (socket, file, position, bytes) =>
        new Promise((resolve, reject) => {
          sendfile.async(socket, file, [position], bytes, (error: Error | null, sent: number) =>
            error ? reject(error) : resolve(Math.max(0, Number(sent))),
          );
        }),
      duplicate(socket) {
        const copy = Number(fcntl(socket, duplicateCloseOnExec, 0));
        return copy < 0 ? undefined : copy;
      },
      close: (socket) => void close(socket),
    };
  });
}

/** The descriptor of a response's connection, if it is plain TCP. */
export function socketDescriptor(response: ServerResponse): number | undefined {
  const socket: (Socket & { readonly _handle?: { readonly fd?: number } | null }) | null = response.socket;
  if (!socket || 'encrypted' in socket || !(socket instanceof Socket)) return undefined;
  const descriptor = socket._handle?.fd;
  return descriptor !== undefined && descriptor >= 0 ? descriptor : undefined;
}
