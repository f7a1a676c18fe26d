// The texts of cgroup and /proc counters as numbers. Pure. Sources: kernel documentation, cgroup-v1 (cpuacct, memory,
// blkio-controller) and cgroup-v2.

/** The value of a `name value` line, as in memory.stat and cpu.stat. */
export function statValue(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name} (\\d+)$`, 'm').exec(text);
  return match ? Number(match[1]) : undefined;
}

/** A file of one number; undefined for `max`. */
export function singleValue(text: string): number | undefined {
  const value = Number(text.trim() || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** v1 writes "no limit" as the largest multiple of the page size below 2^63. */
export function memoryLimitV1(text: string): number | undefined {
  const value = singleValue(text);
  return value === undefined || value >= 2 ** 62 ? undefined : value;
}

export interface ReadWrite {
  readonly read: number;
  readonly write: number;
}

/** v1 `blkio.throttle.io_service_bytes…`: lines `8:0 Read 4096`, and a total. */
export function blockBytesV1(text: string): ReadWrite {
  let read = 0;
  let write = 0;
  for (const [, kind, bytes] of text.matchAll(/^\d+:\d+ (Read|Write) (\d+)$/gm)) {
    if (kind === 'Read') read += Number(bytes);
    else write += Number(bytes);
  }
  return { read, write };
}

/** v2 `io.stat`: lines `8:0 rbytes=1 wbytes=2 …`. */
export function blockBytesV2(text: string): ReadWrite {
  let read = 0;
  let write = 0;
  for (const [, bytes] of text.matchAll(/\brbytes=(\d+)/g)) read += Number(bytes);
  for (const [, bytes] of text.matchAll(/\bwbytes=(\d+)/g)) write += Number(bytes);
  return { read, write };
}

export interface NetworkBytes {
  readonly rx: number;
  readonly tx: number;
}

/** /proc/<pid>/net/dev: the sum of every interface but the loopback. */
export function networkBytes(text: string): NetworkBytes {
  let rx = 0;
  let tx = 0;
  for (const line of text.split('\n').slice(2)) {
    const colon = line.indexOf(':');
    if (colon < 0 || line.slice(0, colon).trim() === 'lo') continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    rx += Number(fields[0] ?? 0);
    tx += Number(fields[8] ?? 0);
  }
  return { rx, tx };
}
