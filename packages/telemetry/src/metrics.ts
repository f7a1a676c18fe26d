// Measurements as Prometheus metrics, in its text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
import type { Measurement, MeasurementBoard } from './types.ts';

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}

interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Undefined if this reading has no such value. */
  readonly value: (reading: Measurement) => number | undefined;
}

const definitions: readonly MetricDefinition[] = [
  {
    name: 'longshore_container_cpu_seconds_total',
    help: 'CPU time used by the container since it started, in seconds.',
    type: 'counter',
    value: (reading) => reading.cpuSeconds,
  },
  {
    name: 'longshore_container_memory_bytes',
    help: 'Memory in use by the container.',
    type: 'gauge',
    value: (reading) => reading.memoryBytes,
  },
  {
    name: 'longshore_container_memory_limit_bytes',
    help: 'Memory limit of the container; absent without a limit.',
    type: 'gauge',
    value: (reading) => reading.memoryLimitBytes,
  },
  {
    name: 'longshore_container_network_receive_bytes_total',
    help: 'Bytes that the container received since it started.',
    type: 'counter',
    value: (reading) => reading.networkRxBytes,
  },
  {
    name: 'longshore_container_network_transmit_bytes_total',
    help: 'Bytes that the container sent since it started.',
    type: 'counter',
    value: (reading) => reading.networkTxBytes,
  },
  {
    name: 'longshore_container_block_read_bytes_total',
    help: 'Bytes that the container read from block devices since it started.',
    type: 'counter',
    value: (reading) => reading.blockReadBytes,
  },
  {
    name: 'longshore_container_block_write_bytes_total',
    help: 'Bytes that the container wrote to block devices since it started.',
    type: 'counter',
    value: (reading) => reading.blockWriteBytes,
  },
];

function lastSegment(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

function labelsOf(reading: Measurement): Record<string, string> {
  return {
    account: reading.account,
    cluster: lastSegment(reading.clusterArn),
    service: reading.serviceName ?? '',
    family: reading.family,
    task: lastSegment(reading.taskArn),
    container: reading.containerName,
  };
}

/** The current readings of every account, one family a metric. Families without samples are left out. */
export function measurementMetrics(board: Pick<MeasurementBoard, 'all'>): readonly MetricFamily[] {
  const readings = board.all().map((reading) => ({ reading, labels: labelsOf(reading) }));
  return definitions
    .map(({ name, help, type, value }) => ({
      name,
      help,
      type,
      samples: readings.flatMap(({ reading, labels }) => {
        const sample = value(reading);
        return sample === undefined ? [] : [{ labels, value: sample }];
      }),
    }))
    .filter((family) => family.samples.length > 0);
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function labelsText(labels: MetricSample['labels']): string {
  return Object.entries(labels)
    .map(([label, text]) => `${label}="${escapeLabel(text)}"`)
    .join(',');
}

/** The families in Prometheus' text format; empty text without families. To be put after the server's own metrics. */
export function metricsText(families: readonly MetricFamily[]): string {
  // The samples of one reading share their labels: each is written once, not once a family.
  const written = new Map<MetricSample['labels'], string>();
  let text = '';
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { labels, value } of samples) {
      const inside = written.get(labels) ?? labelsText(labels);
      written.set(labels, inside);
      text += `${name}{${inside}} ${value}\n`;
    }
  }
  return text;
}
