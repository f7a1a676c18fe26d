// Reading what the kernel has in memory already: preadv2(2) with RWF_NOWAIT. It is done at once, without the thread pool, whose round
// trip costs several times the copy; what is not in memory is left to the thread pool, so that nothing here waits for a disk.
import { withLibc } from './libc.ts';

/** Copies into `buffer` the bytes from `position` that are in memory: how many, from its start on. */
export type CachedRead = (descriptor: number, buffer: Buffer, position: number) => number;

/** RWF_NOWAIT */
const noWait = 0x08;

/** Undefined where the machine has no such call. On a file system without it nothing is ever in memory. */
export function openCachedRead(): CachedRead | undefined {
  return withLibc((libc, koffi) => {
    const vector = koffi.pointer(koffi.struct({ base: 'void *', length: 'size_t' }));
    const preadv2 = libc.func('preadv2', 'int64_t', ['int', vector, 'int', 'int64_t', 'int']);
    return (descriptor, buffer, position) =>
      Math.max(0, Number(preadv2(descriptor, [{ base: buffer, length: buffer.length }], 1, position, noWait)));
  });
}
