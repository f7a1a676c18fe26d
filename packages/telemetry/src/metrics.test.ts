// Measurements as Prometheus reads them.
import { expect, it } from 'vitest';
import { createMeasurementBoard } from './board.ts';
import { measurementMetrics, metricsText } from './metrics.ts';
import type { Measurement } from './types.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };

const web: Measurement = {
  account: '111122223333',
  clusterArn: 'arn:aws:ecs:us-east-1:111122223333:cluster/default',
  containerInstanceArn: 'arn:aws:ecs:us-east-1:111122223333:container-instance/default/i',
  taskArn: 'arn:aws:ecs:us-east-1:111122223333:task/default/t1',
  family: 'web',
  serviceName: 'shop',
  containerName: 'we"b\\\n',
  time: 1,
  cpuPercent: 12,
  cpuSeconds: 1.5,
  memoryBytes: 1024,
  networkRxBytes: 10,
  networkTxBytes: 20,
  blockReadBytes: 30,
  blockWriteBytes: 40,
};

it('lists every current reading with its labels, escaped, and leaves out a limit that is not there', () => {
  const board = createMeasurementBoard({ clock });
  board.record([web]);
  const text = metricsText(measurementMetrics(board));
  expect(text).toContain('# TYPE longshore_container_cpu_seconds_total counter\n');
  expect(text).toContain(
    'longshore_container_cpu_seconds_total{account="111122223333",cluster="default",service="shop",family="web",task="t1",container="we\\"b\\\\\\n"} 1.5\n',
  );
  expect(text).not.toContain('memory_limit');
  expect(text.endsWith('\n')).toBe(true);
});

it('is empty without readings', () => {
  expect(metricsText(measurementMetrics(createMeasurementBoard({ clock })))).toBe('');
});

it('shows a limit where the container has one', () => {
  const board = createMeasurementBoard({ clock });
  board.record([{ ...web, memoryLimitBytes: 2048 }]);
  const limit = measurementMetrics(board).find((family) => family.name === 'longshore_container_memory_limit_bytes');
  expect(limit?.samples.map((sample) => sample.value)).toEqual([2048]);
});
