import { afterEach, expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { type JsonServer, jsonServer, refusal } from '../testing/json-server.ts';
import { cluster, now, taskArn, webMeasurement, webTask } from '../testing/samples.ts';

const servers: JsonServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(
  tasks: readonly Record<string, unknown>[],
  measurements: readonly unknown[] | Error,
): Promise<JsonServer> {
  const server = await jsonServer({
    ListClusters: () => ({ clusterArns: [cluster] }),
    ListTasks: ({ desiredStatus }) => ({
      taskArns: tasks.filter((task) => task.desiredStatus === desiredStatus).map((task) => task.taskArn),
    }),
    DescribeTasks: ({ tasks: arns }) => ({
      tasks: tasks.filter((task) => Array.isArray(arns) && arns.includes(task.taskArn)),
      failures: [],
    }),
    ListMeasurements: () => {
      if (measurements instanceof Error) throw measurements;
      return { measurements };
    },
  });
  servers.push(server);
  return server;
}

it('shows each container with its ports and what it uses', async () => {
  const { url } = await serve([webTask()], [webMeasurement]);
  const { code, out } = await call(['ps'], { env: envFor(url), now });
  expect(out).toBe(
    'TASK          GROUP  CONTAINER  IMAGE    STATUS   PORTS        CPU            MEMORY  AGE\n' +
      '0123456789ab  web    web        nginx:1  RUNNING  32768->80  12.3%  12 MiB / 128 MiB  10m\n',
  );
  expect(code).toBe(0);
});

it('names images of this registry without its address', async () => {
  const own = (url: string) => `${new URL(url).host}/111122223333/hello:1`;
  const tasks: Record<string, unknown>[] = [];
  const { url } = await serve(tasks, []);
  tasks.push(webTask({ containers: [{ name: 'web', image: own(url), lastStatus: 'PENDING' }] }));
  const { out } = await call(['ps'], { env: envFor(url), now });
  expect(out).toMatch(/ hello:1 +PENDING +- +- +10m$/m);
});

it('shows stopped tasks with their reason only when asked', async () => {
  const stopped = webTask({
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stoppedReason: 'Essential container in task exited',
    containers: [{ name: 'web', image: 'nginx:1', lastStatus: 'STOPPED', exitCode: 137 }],
  });
  const { url } = await serve([stopped], [webMeasurement]);
  const running = await call(['ps'], { env: envFor(url), now });
  expect(running.out).toBe('');
  expect(running.err).toMatch(/No tasks/);
  const all = await call(['ps', '--all'], { env: envFor(url), now });
  expect(all.out).toMatch(/STOPPED \(137\) +- +- +10m +Essential container in task exited/);
});

it('shows the tasks to one who may not see measurements', async () => {
  const { url } = await serve([webTask()], refusal('AccessDeniedException', 'User: ci is not authorized'));
  const { code, out, err } = await call(['ps'], { env: envFor(url), now });
  expect(code).toBe(0);
  expect(out).toMatch(/RUNNING +32768->80 +- +- +10m/);
  expect(err).toBe('Without measurements: User: ci is not authorized\n');
});

it('keeps to the width of the terminal', async () => {
  const { url } = await serve([webTask({ group: `service:${'x'.repeat(200)}` })], [webMeasurement]);
  const { out } = await call(['ps'], { env: envFor(url), now, columns: 100 });
  expect(out.split('\n').every((line) => line.length <= 100)).toBe(true);
  expect(out).toContain('…');
});

it('prints JSON with the measurement', async () => {
  const { url } = await serve([webTask()], [webMeasurement]);
  const { out } = await call(['ps', '--json'], { env: envFor(url), now });
  const rows: unknown = JSON.parse(out);
  expect(rows).toMatchObject([{ taskArn, container: 'web', status: 'RUNNING', measurement: { cpuPercent: 12.34 } }]);
});

it('asks for one cluster only, if told', async () => {
  const server = await serve([webTask()], []);
  await call(['ps', '--cluster', 'default'], { env: envFor(server.url), now });
  expect(server.calls.map((each) => each.operation)).not.toContain('ListClusters');
  expect(server.calls.find((each) => each.operation === 'ListTasks')?.input.cluster).toBe('default');
});
