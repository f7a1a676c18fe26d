import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer } from '../testing/json-server.ts';
import { webMeasurement } from '../testing/samples.ts';

it('prints the busiest container first, once where there is no terminal', async () => {
  const idle = { ...webMeasurement, containerName: 'idle', cpuPercent: 0.1, memoryLimitBytes: undefined };
  const server = await jsonServer({ ListMeasurements: () => ({ measurements: [idle, webMeasurement] }) });
  const { code, out } = await call(['top'], { env: envFor(server.url) });
  await server.close();
  const lines = out.split('\n');
  expect(code).toBe(0);
  expect(lines[1]).toMatch(/^0123456789ab +web +web +12\.3% +12 MiB +128 MiB +1\.0 KiB +2\.0 KiB +0 B +4\.0 KiB$/);
  expect(lines[2]).toMatch(/ idle +0\.1% +12 MiB +- /);
});

it('draws anew until it is interrupted, within the height of the terminal', async () => {
  const measurements = ['a', 'b', 'c', 'd'].map((containerName) => ({ ...webMeasurement, containerName }));
  const server = await jsonServer({ ListMeasurements: () => ({ measurements }) });
  const interrupt = new AbortController();
  let drawn = 0;
  const { code } = await call(['top', '--interval', '1'], {
    env: envFor(server.url),
    columns: 120,
    rows: 3,
    interrupt: interrupt.signal,
    onOut: (text) => {
      expect(text.split('\n')).toHaveLength(2);
      if (++drawn === 2) interrupt.abort();
    },
  });
  await server.close();
  expect({ code, drawn }).toEqual({ code: 0, drawn: 2 });
});

it('asks for the cluster by its ARN', async () => {
  const arn = 'arn:aws:ecs:us-east-1:111122223333:cluster/blue';
  const server = await jsonServer({
    ListClusters: () => ({ clusterArns: [arn] }),
    ListMeasurements: () => ({ measurements: [] }),
  });
  await call(['top', '--cluster', 'blue'], { env: envFor(server.url) });
  await server.close();
  expect(server.calls.at(-1)).toEqual({ operation: 'ListMeasurements', input: { cluster: arn } });
});
