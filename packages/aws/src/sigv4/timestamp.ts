// The basic ISO 8601 form that signatures carry: 20150830T123600Z.

const pattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Milliseconds since the epoch, or undefined unless `text` is a real moment in this very form. */
export function parseTimestamp(text: string): number | undefined {
  if (!pattern.test(text)) return undefined;
  const ms = Date.parse(text.replace(pattern, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isFinite(ms) && formatTimestamp(ms) === text ? ms : undefined;
}

export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
