// Quantities as people read them.

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `0 B`, `1.5 KiB`, `12 MiB`: three digits at most before the point, one after it below ten. */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  // 1,023.6 KiB would read "1024 KiB".
  if (unit < byteUnits.length - 1 && Math.round(value) >= 1024) {
    value = 1;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1);
  return `${digits} ${byteUnits[unit]}`;
}

/** The largest whole unit of a span: `0s`, `59s`, `3m`, `5h`, `12d`. A negative span (clocks differ) is `0s`. */
export function humanSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `0.0%`, `12.3%`, `250%`. */
export function humanPercent(percent: number): string {
  return percent >= 99.95 ? `${percent.toFixed(0)}%` : `${percent.toFixed(1)}%`;
}
