// One round of measurements: every running container's counters, and what they make since the round before.
import type { TcsAgentMessages, TcsContainerMetric, TcsStatsSet } from '@longshore/aws';
import type { Clock } from '@longshore/base';
import { openUsage, readUsage, type Usage, type UsageSource } from '../cgroup/read.ts';
import type { ObservedContainer } from '../task/types.ts';
import type { Worker } from '../worker.ts';

export type TaskMetric = TcsAgentMessages['PublishMetricsRequest']['taskMetrics'][number];
export type TaskHealth = TcsAgentMessages['PublishHealthRequest']['tasks'][number];

export interface Measurer {
  /** Tasks with running containers that could be read. Forgets containers that are gone. */
  round(workers: readonly Worker[]): Promise<readonly TaskMetric[]>;
}

interface Tracked {
  readonly source: UsageSource;
  readonly previous: Usage;
}

const mebibyte = 1024 * 1024;

function one(value: number): TcsStatsSet {
  return { min: value, max: value, sampleCount: 1, sum: value };
}

/** Percent of one core between two readings. */
export function cpuPercent(previous: Usage, current: Usage): number {
  const seconds = (current.time - previous.time) / 1000;
  return seconds > 0 ? Math.max(0, ((current.cpuSeconds - previous.cpuSeconds) / seconds) * 100) : 0;
}

/** Before its first reading a container had used nothing, from its start on. */
function beforeAny(startedAt: number): Usage {
  return {
    time: startedAt,
    cpuSeconds: 0,
    memoryBytes: 0,
    networkRxBytes: 0,
    networkTxBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
  };
}

/** Pure: one container's metric from two readings. */
export function containerMetric(
  container: { readonly name: string; readonly containerArn: string },
  previous: Usage,
  current: Usage,
): TcsContainerMetric {
  const percent = cpuPercent(previous, current);
  const gained = (field: 'networkRxBytes' | 'networkTxBytes' | 'blockReadBytes' | 'blockWriteBytes') =>
    one(Math.max(0, current[field] - previous[field]));
  return {
    containerName: container.name,
    ...(container.containerArn ? { containerArn: container.containerArn } : {}),
    cpuStatsSet: one(percent),
    memoryStatsSet: one(current.memoryBytes / mebibyte),
    networkStatsSet: { rxBytes: gained('networkRxBytes'), txBytes: gained('networkTxBytes') },
    storageStatsSet: { readSizeBytes: gained('blockReadBytes'), writeSizeBytes: gained('blockWriteBytes') },
    longshoreReading: { ...current, cpuPercent: percent },
  };
}

export function createMeasurer(clock: Clock): Measurer {
  const tracked = new Map<string, Tracked>();

  async function measure(
    seen: ObservedContainer,
    ownNetwork: boolean,
    container: { readonly name: string; readonly containerArn: string },
  ): Promise<TcsContainerMetric | undefined> {
    try {
      const known = tracked.get(seen.id);
      // A restarted container is another process with other counters.
      const source = known?.source.pid === seen.pid ? known.source : await openUsage(seen.pid, ownNetwork);
      const now = clock.now();
      const current = await readUsage(source, now);
      const previous = known?.source === source ? known.previous : beforeAny(seen.startedAt ?? now);
      tracked.set(seen.id, { source, previous: current });
      return containerMetric(container, previous, current);
    } catch {
      // It has just ended; its end is told by other means.
      tracked.delete(seen.id);
      return undefined;
    }
  }

  return {
    async round(workers) {
      const present = new Set<string>();
      const metrics: TaskMetric[] = [];
      for (const worker of workers) {
        const { task } = worker.record();
        const measured: TcsContainerMetric[] = [];
        for (const container of task.containers) {
          const seen = worker.observed().get(container.name);
          if (seen?.status !== 'running' || seen.pid <= 0) continue;
          present.add(seen.id);
          const metric = await measure(seen, task.networkMode !== 'host', container);
          if (metric) measured.push(metric);
        }
        if (measured.length === 0) continue;
        metrics.push({
          taskArn: task.arn,
          taskDefinitionFamily: task.family,
          taskDefinitionVersion: task.version,
          containerMetrics: measured,
        });
      }
      for (const id of tracked.keys()) if (!present.has(id)) tracked.delete(id);
      return metrics;
    },
  };
}

const healthNames = { healthy: 'HEALTHY', unhealthy: 'UNHEALTHY', starting: 'UNKNOWN' } as const;

/** The health of every running container that has a health check. */
export function healthOf(workers: readonly Worker[]): readonly TaskHealth[] {
  return workers.flatMap((worker) => {
    const { task } = worker.record();
    const containers = task.containers.flatMap((container) => {
      const seen = worker.observed().get(container.name);
      if (container.healthCheckType !== 'docker' || seen?.status !== 'running') return [];
      const since = (seen.startedAt ?? 0) / 1000;
      return [
        { containerName: container.name, healthStatus: healthNames[seen.health ?? 'starting'], statusSince: since },
      ];
    });
    return containers.length > 0 ? [{ taskArn: task.arn, containers }] : [];
  });
}
