import { afterEach, expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { type Answer, type JsonServer, jsonServer, refusal } from '../testing/json-server.ts';

const servers: JsonServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(answers: Readonly<Record<string, Answer>>): Promise<JsonServer> {
  const server = await jsonServer(answers);
  servers.push(server);
  return server;
}

const operations = (server: JsonServer) => server.calls.map((each) => each.operation);

it('makes the capacity provider of a group that has none, and the cluster with it', async () => {
  const server = await serve({
    DescribeCapacityProviders: () => ({ capacityProviders: [], failures: [{ reason: 'MISSING' }] }),
    CreateCapacityProvider: () => ({}),
    CreateCluster: () => ({ cluster: { clusterName: 'shop' } }),
  });
  const { code, out } = await call(['cluster', 'create', 'shop', '--machines', 'here'], { env: envFor(server.url) });
  expect({ code, out }).toEqual({ code: 0, out: 'cluster shop is there\n' });
  expect(operations(server)).toEqual(['DescribeCapacityProviders', 'CreateCapacityProvider', 'CreateCluster']);
  expect(server.calls.at(-1)?.input).toEqual({
    clusterName: 'shop',
    capacityProviders: ['here'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'here', weight: 1 }],
  });
});

it('says how a cluster without a group gets machines', async () => {
  const server = await serve({ CreateCluster: () => ({ cluster: { clusterName: 'shop' } }) });
  const { err } = await call(['cluster', 'create', 'shop'], { env: envFor(server.url) });
  expect(err).toContain('longshore agent --cluster shop');
});

it('does not touch what is in a cluster unless told', async () => {
  const server = await serve({
    DeleteCluster: () => {
      throw refusal('ClusterContainsTasksException', 'there are tasks');
    },
  });
  const { code, err } = await call(['cluster', 'delete', 'shop'], { env: envFor(server.url) });
  expect(code).toBe(1);
  expect(err).toBe(
    'Cluster shop is not empty: there are tasks\n' +
      'To end what is in it and delete it: longshore cluster delete shop --force\n',
  );
  expect(operations(server)).toEqual(['DeleteCluster']);
});

it('says that there is no such cluster before it ends anything', async () => {
  const server = await serve({ DescribeClusters: () => ({ clusters: [], failures: [{ reason: 'MISSING' }] }) });
  const { code, err } = await call(['cluster', 'delete', 'shop', '--force'], { env: envFor(server.url) });
  expect({ code, err }).toEqual({
    code: 1,
    err: 'There is no cluster shop.\nSee them with: longshore cluster list\n',
  });
});
