// Text from elsewhere (names, reasons, messages) before it reaches a terminal.

// C0, DEL, C1, and the marks that turn the direction of writing.
const unprintable = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** `text` with control characters, which could steer a terminal, replaced; those in `keep` stay. */
export function printable(text: string, keep = ''): string {
  return text.replace(unprintable, (each) => (keep.includes(each) ? each : '\ufffd'));
}
