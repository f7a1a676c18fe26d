// Counting what happens. Packages declare their counters on a `Meter`; the server fills it with Prometheus metrics,
// tests with `memoryMeter`.

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number, labels?: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Names follow Prometheus: `longshore_registry_blob_received_bytes_total`, base units, seconds for times. */
export interface Meter {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  histogram(name: string, help: string, labelNames?: readonly string[]): Histogram;
}

/** Keeps the last values in memory; `value(name, labels)` reads them back. */
export interface MemoryMeter extends Meter {
  value(name: string, labels?: Labels): number;
}

function seriesKey(name: string, labels: Labels = {}): string {
  return `${name}{${Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${v}`)
    .join(',')}}`;
}

export function memoryMeter(): MemoryMeter {
  const values = new Map<string, number>();
  const add = (name: string, amount: number, labels?: Labels) => {
    const key = seriesKey(name, labels);
    values.set(key, (values.get(key) ?? 0) + amount);
  };
  return {
    counter: (name) => ({ add: (amount = 1, labels) => add(name, amount, labels) }),
    gauge: (name) => ({ set: (value, labels) => void values.set(seriesKey(name, labels), value) }),
    histogram: (name) => ({ observe: (value, labels) => add(name, value, labels) }),
    value: (name, labels) => values.get(seriesKey(name, labels)) ?? 0,
  };
}
