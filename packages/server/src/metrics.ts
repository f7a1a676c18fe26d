// The Prometheus side of `Meter`.
import type { Meter } from '@longshore/base';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly meter: Meter;
  readonly contentType: string;
  /** The text exposition format. */
  expose(): Promise<string>;
}

const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

export function prometheusMetrics(): Metrics {
  const registry = new Registry();
  const known = new Map<string, Counter | Gauge | Histogram>();

  function once<T extends Counter | Gauge | Histogram>(name: string, make: () => T): T {
    const found = known.get(name) ?? make();
    known.set(name, found);
    return found as T;
  }

  const meter: Meter = {
    counter(name, help, labelNames = []) {
      const counter = once(name, () => new Counter({ name, help, labelNames: [...labelNames], registers: [registry] }));
      return { add: (amount = 1, labels = {}) => counter.inc({ ...labels }, amount) };
    },
    gauge(name, help, labelNames = []) {
      const gauge = once(name, () => new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] }));
      return { set: (value, labels = {}) => gauge.set({ ...labels }, value) };
    },
    histogram(name, help, labelNames = []) {
      const histogram = once(
        name,
        () => new Histogram({ name, help, buckets, labelNames: [...labelNames], registers: [registry] }),
      );
      return { observe: (value, labels = {}) => histogram.observe({ ...labels }, value) };
    },
  };

  return {
    meter,
    contentType: registry.contentType,
    expose: () => registry.metrics(),
  };
}
