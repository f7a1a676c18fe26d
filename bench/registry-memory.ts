// The most memory that a registry has held while a hundred clients push, and then pull, a layer of 100 MB each at once.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { digestOf } from '@longshore/base';
import { createClient, inParallel, putBlob } from './registry-client.ts';
import type { Side } from './registry-sides.ts';

const transfers = 100;
const megabytes = Number(process.env.LONGSHORE_BENCH_TRANSFER_MB ?? 100);

/** MB. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export async function measureMemory(side: Side): Promise<Map<string, number>> {
  const client = createClient(side, transfers);
  const content = randomBytes(megabytes * 1_000_000);
  const digest = digestOf(content);
  try {
    const figures = new Map<string, number>();
    await inParallel(transfers, transfers, (i) => putBlob(client, `memory/r${i}`, content, digest));
    figures.set(`peak MB, ${transfers} PUTs of ${megabytes} MB`, peakMemory(side.pid));
    await inParallel(transfers, transfers, async (i) => {
      await client.send('GET', `/v2/memory/r${i}/blobs/${digest}`, 200);
    });
    figures.set(`peak MB, and ${transfers} GETs`, peakMemory(side.pid));
    return figures;
  } finally {
    client.close();
  }
}
