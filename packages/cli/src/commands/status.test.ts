import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer } from '../testing/json-server.ts';
import { cluster, now } from '../testing/samples.ts';

const status = {
  version: '1.2.3',
  startedAt: now - 7_200_000,
  store: 'sqlite',
  region: 'us-east-1',
  registry: { repositories: 2, images: 3, bytes: 5 * 1024 * 1024 },
  containers: { clusters: 1, instances: 1, connectedInstances: 1, runningTasks: 4, pendingTasks: 1, services: 2 },
};

const machine = {
  containerInstanceArn: 'arn:aws:ecs:us-east-1:111122223333:container-instance/default/feedfeedfeedfeed',
  status: 'ACTIVE',
  agentConnected: true,
  runningTasksCount: 4,
  registeredResources: [
    { name: 'CPU', type: 'INTEGER', integerValue: 2048 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: 4096 },
  ],
  remainingResources: [
    { name: 'CPU', type: 'INTEGER', integerValue: 1536 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: 1024 },
  ],
};

it('shows the server and what is free on its machines', async () => {
  const server = await jsonServer({
    GetStatus: () => status,
    ListClusters: () => ({ clusterArns: [cluster] }),
    ListContainerInstances: () => ({ containerInstanceArns: [machine.containerInstanceArn] }),
    DescribeContainerInstances: () => ({ containerInstances: [machine] }),
  });
  const { out } = await call(['status'], { env: envFor(server.url), now });
  const json = await call(['status', '--json'], { env: envFor(server.url), now });
  await server.close();
  expect(out).toBe(
    `Server    ${server.url}, version 1.2.3, up 2h\nRegion    us-east-1\nStore     sqlite\n` +
      'Registry  2 repositories, 3 images, 5.0 MiB\nClusters  1\nMachines  1, 1 connected\nServices  2\n' +
      'Tasks     4 running, 1 pending\n\n' +
      'MACHINE       CLUSTER  STATUS  AGENT      TASKS  CPU FREE         MEMORY FREE\n' +
      'feedfeedfeed  default  ACTIVE  connected      4  1.5 of 2  1.0 GiB of 4.0 GiB\n',
  );
  expect(JSON.parse(json.out)).toMatchObject({ version: '1.2.3', instances: [{ agentConnected: true }] });
});

it('does not take an answer that it does not understand', async () => {
  const server = await jsonServer({ GetStatus: () => ({ version: 2 }), ListClusters: () => ({ clusterArns: [] }) });
  const { code, err } = await call(['status'], { env: envFor(server.url), now });
  await server.close();
  expect(code).toBe(1);
  expect(err).toMatch(/answer to GetStatus is not understood \(version\)/);
});
