// The C library of this machine, for the few system calls that Node does not have: on Linux, and where koffi has been built for
// the processor. Whoever uses it does without where it is missing.
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** What `bind` makes of the library; undefined where it, or a function that `bind` wants, cannot be had. */
export function withLibc<T>(bind: (libc: Koffi.LibraryHandle, koffi: typeof Koffi) => T): T | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    return bind(koffi.load(null), koffi);
  } catch {
    return undefined;
  }
}
