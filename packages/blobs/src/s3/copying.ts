// Copying objects inside the store: in one call up to a size, above it in parts side by side.
import type { Bucket } from './bucket.ts';
import { isNoMultipart } from './failures.ts';
import type { Multipart, Multiparts, Part, PartRange } from './multipart.ts';

export interface CopyBounds {
  /** Objects above this are copied in parts. S3 copies 5 GiB in one call; in parts it is faster long before. */
  readonly wholeBytes: number;
  readonly partBytes: number;
}

export const defaultCopyBounds: CopyBounds = Object.freeze({
  wholeBytes: 1024 * 1024 * 1024,
  partBytes: 256 * 1024 * 1024,
});

const sideBySide = 8;

/** Ranges that cover `size` bytes, each of `partBytes` or somewhat more (S3 wants 5 MiB of all parts but the last). */
export function copyRanges(size: number, partBytes: number): PartRange[] {
  const count = Math.max(1, Math.floor(size / partBytes));
  const edge = (index: number) => Math.floor((size * index) / count);
  return Array.from({ length: count }, (_, index) => ({ first: edge(index), last: edge(index + 1) - 1 }));
}

async function copyIntoParts(
  multiparts: Multiparts,
  from: string,
  size: number,
  to: Multipart,
  partBytes: number,
): Promise<Part[]> {
  const ranges = copyRanges(size, partBytes);
  const parts: Part[] = [];
  for (let begun = 0; begun < ranges.length; begun += sideBySide) {
    const some = ranges.slice(begun, begun + sideBySide);
    parts.push(...(await Promise.all(some.map((range, i) => multiparts.copy(to, begun + i + 1, from, range)))));
  }
  return parts;
}

export async function copyObject(
  { bucket, multiparts }: { readonly bucket: Bucket; readonly multiparts: Multiparts },
  from: string,
  to: string,
  size: number,
  bounds: CopyBounds,
): Promise<void> {
  if (size <= bounds.wholeBytes) return bucket.copy(from, to);
  const upload = await multiparts.begin(to, false);
  try {
    await multiparts.complete(upload, await copyIntoParts(multiparts, from, size, upload, bounds.partBytes));
  } catch (error) {
    // Completing is tried again when its answer is lost, and then finds nothing to complete.
    if (isNoMultipart(error) && (await bucket.head(to))?.size === size) return;
    // A failing abort must not hide why; `recover` ends what is left.
    await multiparts.abort(upload).catch(() => undefined);
    throw error;
  }
}
