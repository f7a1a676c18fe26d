// The measurement board: the current reading of each container, kept in memory. Time is when a reading *arrived*, so
// that a machine whose clock is off still shows; order is the time when the agent *took* it.
import type { Clock } from '@longshore/base';
import { groupIndex } from './group-index.ts';
import type { Measurement, MeasurementBoard, MeasurementQuery } from './types.ts';

export interface MeasurementBoardOptions {
  readonly clock: Clock;
  /** Containers that the board holds at most; readings of further ones are refused and counted. Default 50,000. */
  readonly maxSeries?: number;
  /** A container without news for this long is forgotten. Milliseconds; default 60,000. */
  readonly forgetAfterMs?: number;
}

interface Entry {
  readonly reading: Measurement;
  readonly heardAt: number;
}

function seriesKey(reading: Measurement): string {
  return JSON.stringify([reading.account, reading.clusterArn, reading.taskArn, reading.containerName]);
}

/**
 * Makes an empty board. A reading replaces an older one of the same container; one that is not newer changes nothing
 * and is not news, so a machine whose clock was set back shows again once its old readings are forgotten.
 */
export function createMeasurementBoard(options: MeasurementBoardOptions): MeasurementBoard {
  const { clock, maxSeries = 50_000, forgetAfterMs = 60_000 } = options;
  // In order of arrival: a Map iterates in order of insertion, and every replacement is inserted anew.
  const entries = new Map<string, Entry>();
  const byAccount = groupIndex();
  const byCluster = groupIndex();
  const byTask = groupIndex();
  let dropped = 0;
  let outdated = 0;

  function remove(key: string, { reading }: Entry): void {
    entries.delete(key);
    byAccount.remove(reading.account, key);
    byCluster.remove(groupOf(reading.account, reading.clusterArn), key);
    byTask.remove(groupOf(reading.account, reading.taskArn), key);
  }

  function forget(now: number): void {
    for (const [key, entry] of entries) {
      if (now - entry.heardAt < forgetAfterMs) return;
      remove(key, entry);
    }
  }

  function recordOne(reading: Measurement, now: number): void {
    const key = seriesKey(reading);
    const known = entries.get(key);
    if (known && reading.time <= known.reading.time) {
      outdated++;
    } else if (known) {
      entries.delete(key);
      entries.set(key, { reading, heardAt: now });
    } else if (entries.size >= maxSeries) {
      dropped++;
    } else {
      entries.set(key, { reading, heardAt: now });
      byAccount.add(reading.account, key);
      byCluster.add(groupOf(reading.account, reading.clusterArn), key);
      byTask.add(groupOf(reading.account, reading.taskArn), key);
    }
  }

  function keysFor({ account, clusterArn, taskArn }: MeasurementQuery): Iterable<string> {
    if (taskArn !== undefined) return byTask.keys(groupOf(account, taskArn));
    if (clusterArn !== undefined) return byCluster.keys(groupOf(account, clusterArn));
    return byAccount.keys(account);
  }

  return Object.freeze({
    record(batch) {
      const now = clock.now();
      forget(now);
      for (const reading of batch) recordOne(reading, now);
    },
    latest(query) {
      forget(clock.now());
      const found: Measurement[] = [];
      for (const key of keysFor(query)) {
        const reading = entries.get(key)?.reading;
        if (reading && (query.clusterArn === undefined || reading.clusterArn === query.clusterArn)) found.push(reading);
      }
      return found;
    },
    all() {
      forget(clock.now());
      return [...entries.values()].map((entry) => entry.reading);
    },
    statistics() {
      forget(clock.now());
      return { series: entries.size, dropped, outdated };
    },
  } satisfies MeasurementBoard);
}

function groupOf(account: string, arn: string): string {
  return `${account} ${arn}`;
}
