// Scalars that more than one protocol reads.

/** The bytes of `text`, or undefined unless it is plain base64. */
export function readBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  if (digits % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  // Buffer skips what is not base64 and takes the URL alphabet too: the former shows in the length.
  if (text.includes('-') || text.includes('_')) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

/** The moment `seconds` after the epoch, to the millisecond; undefined if there is no such date. */
export function readEpochSeconds(seconds: number): Date | undefined {
  const date = new Date(Math.round(seconds * 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}
