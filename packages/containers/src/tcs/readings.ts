// From a container's metric to a reading. Our agent sends exact readings; from Amazon's, which sends statistics of the
// last interval, counters are made by adding up.
import type { ContainerMetric } from './frames.ts';

export interface Measured {
  readonly time: number;
  readonly cpuPercent: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number | undefined;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

type Stats = { readonly sampleCount: number; readonly sum: number } | null | undefined;

function mean(stats: Stats): number {
  return stats && stats.sampleCount > 0 ? stats.sum / stats.sampleCount : 0;
}

/** The longest interval that is taken to have been measured; what is longer was a pause. */
const longestIntervalMs = 120_000;
/** Amazon's agent publishes at this pace. */
const usualIntervalMs = 20_000;
const mebibyte = 1024 * 1024;

/** `before` is the reading before of the same container, if there was one. `now` in milliseconds. */
export function measure(metric: ContainerMetric, before: Measured | undefined, now: number): Measured {
  const exact = metric.longshoreReading;
  if (exact) return { ...exact, memoryLimitBytes: exact.memoryLimitBytes ?? undefined };
  const cpuPercent = mean(metric.cpuStatsSet);
  const interval = before === undefined ? usualIntervalMs : Math.min(longestIntervalMs, Math.max(0, now - before.time));
  return {
    time: now,
    cpuPercent,
    cpuSeconds: (before?.cpuSeconds ?? 0) + (cpuPercent / 100) * (interval / 1000),
    memoryBytes: Math.round(mean(metric.memoryStatsSet) * mebibyte),
    networkRxBytes: (before?.networkRxBytes ?? 0) + (metric.networkStatsSet?.rxBytes?.sum ?? 0),
    networkTxBytes: (before?.networkTxBytes ?? 0) + (metric.networkStatsSet?.txBytes?.sum ?? 0),
    blockReadBytes: (before?.blockReadBytes ?? 0) + (metric.storageStatsSet?.readSizeBytes?.sum ?? 0),
    blockWriteBytes: (before?.blockWriteBytes ?? 0) + (metric.storageStatsSet?.writeSizeBytes?.sum ?? 0),
  };
}
