// Managed scaling with real machines: a group of this host, whose Engines and agents come with the tasks and go with them,
// and a group whose machines a program makes.
import {
  CreateCapacityProviderCommand,
  CreateServiceCommand,
  DescribeClustersCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dockerCli, run, tryRun } from './support/command.ts';
import { copyToRegistry, importBusybox, sleeps } from './support/images.ts';
import { type Longshore, root, startLongshore, until } from './support/longshore.ts';
import { openMachineNetwork } from './support/machine-network.ts';
import { whyNoMachines } from './support/machines.ts';
import { registryAuthorization } from './support/push.ts';

const clientOf = ({ url, credentials }: Longshore) =>
  new ECSClient({ endpoint: url, region: credentials.region, credentials });

async function provide(ecs: ECSClient, group: string): Promise<void> {
  const autoScalingGroupProvider = {
    autoScalingGroupArn: group,
    managedScaling: { status: 'ENABLED' as const },
    managedTerminationProtection: 'ENABLED' as const,
  };
  await ecs.send(new CreateCapacityProviderCommand({ name: group, autoScalingGroupProvider }));
  await ecs.send(
    new PutClusterCapacityProvidersCommand({
      cluster: 'default',
      capacityProviders: [group],
      defaultCapacityProviderStrategy: [{ capacityProvider: group, weight: 1 }],
    }),
  );
}

/** A server with a group of machines of this host, and an image and a task definition `sleeper` of which one task fills a machine. */
async function openLocalGroup(minSize: number) {
  const folder = mkdtempSync(join(tmpdir(), 'capacity-'));
  const network = await openMachineNetwork();
  const groups = join(folder, 'groups.json');
  const local = { name: 'here', kind: 'local', minSize, maxSize: 2, cpu: 1024, memory: 128, bridge: network.bridge };
  writeFileSync(groups, JSON.stringify({ groups: [{ ...local, address: `${network.hostAddress}/24` }] }));
  const options = {
    address: network.hostAddress,
    args: ['--no-agent', '--machine-groups', groups],
    env: { LONGSHORE_SCALE_IN_AFTER: '1s', LONGSHORE_PREPARED_NETWORKS: '0' },
  };
  let longshore = await startLongshore(options);
  const ecs = clientOf(longshore);
  const image = `${longshore.host}/sleeper:1`;
  await importBusybox(image);
  await copyToRegistry(image, await registryAuthorization(longshore));
  await tryRun(dockerCli, ['rmi', image]);
  const main = { name: 'main', image, command: [...sleeps], memory: 100, stopTimeout: 2 };
  await ecs.send(
    new RegisterTaskDefinitionCommand({ family: 'sleeper', networkMode: 'none', containerDefinitions: [main] }),
  );
  const machines = () => {
    const own = join(longshore.dataDir, 'machines', 'here');
    return existsSync(own) ? readdirSync(own).map((name) => join(own, name)) : [];
  };
  return {
    ecs,
    /** The folder of each. */
    machines,
    env: () => longshore.env,
    async killAndRestart() {
      await longshore.kill();
      longshore = await startLongshore({ ...options, dataDir: longshore.dataDir, port: longshore.port });
    },
    async [Symbol.asyncDispose]() {
      ecs.destroy();
      const left = machines();
      await longshore.stop();
      for (const each of left) await removeByForce(each);
      await longshore[Symbol.asyncDispose]();
      await network.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Status of each task, sorted. */
async function statuses(ecs: ECSClient, cluster: string, tasks: string[]): Promise<(string | undefined)[] | undefined> {
  const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
  return answer.tasks?.map((each) => each.lastStatus).toSorted();
}

async function expectNoNamespaces(names: readonly string[]): Promise<void> {
  const left = await run('ip', ['netns', 'list']);
  expect(names.filter((each) => left.includes(each))).toEqual([]);
}

test.skipIf(whyNoMachines)(
  'local machines come when tasks find no room, outlive the server, and go when they are empty',
  async () => {
    await using here = await openLocalGroup(0);
    const { ecs, machines } = here;
    const stop = (task: string | undefined) => ecs.send(new StopTaskCommand({ task }));
    await provide(ecs, 'here');
    const { tasks } = await ecs.send(new RunTaskCommand({ taskDefinition: 'sleeper', count: 2 }));
    expect(tasks?.map((each) => each.lastStatus)).toEqual(['PROVISIONING', 'PROVISIONING']);
    const arns = (tasks ?? []).map((each) => each.taskArn ?? '');
    const bothRun = async () => (await statuses(ecs, 'default', arns))?.join() === 'RUNNING,RUNNING';
    await until('both run, each on a machine of its own', bothRun);
    expect(machines()).toHaveLength(2);
    const namespaces = machines().map(namespaceIn);
    const before = machines().map((each) => readFileSync(join(each, 'engine.pid'), 'utf8'));

    await here.killAndRestart();
    await until('the server knows its machines again', bothRun);
    expect(machines().map((each) => readFileSync(join(each, 'engine.pid'), 'utf8'))).toEqual(before);

    await stop(arns[0]);
    await until('one machine is gone', () => machines().length === 1);
    expect(await statuses(ecs, 'default', arns)).toEqual(['RUNNING', 'STOPPED']);
    await stop(arns[1]);
    await until('both are gone', () => machines().length === 0);
    await until('and so are their instances', async () => {
      const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({}));
      return containerInstanceArns?.length === 0;
    });
    await expectNoNamespaces(namespaces);
  },
  180_000,
);

test.skipIf(whyNoMachines)(
  'a cluster brings its machines up, and deleted by force ends its tasks and lets the machines go',
  async () => {
    await using here = await openLocalGroup(1);
    const { ecs, machines } = here;
    const longshoreCluster = (...args: string[]) =>
      tryRun(join(root, 'bin', 'longshore'), ['cluster', ...args], { env: here.env(), timeoutMs: 120_000 });
    expect(await longshoreCluster('create', 'shop', '--machines', 'here')).toMatchObject({ code: 0 });
    await until('the smallest size is there', async () => {
      const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster: 'shop' }));
      return containerInstanceArns?.length === 1;
    });
    await ecs.send(
      new CreateServiceCommand({ cluster: 'shop', serviceName: 'web', taskDefinition: 'sleeper', desiredCount: 1 }),
    );
    await ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'sleeper' }));
    await until('the service and the task run, each on a machine', async () => {
      const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: 'shop' }));
      return taskArns.length === 2 && (await statuses(ecs, 'shop', taskArns))?.join() === 'RUNNING,RUNNING';
    });
    const namespaces = machines().map(namespaceIn);
    expect(namespaces).toHaveLength(2);
    const listed = await longshoreCluster('list');
    expect(listed.stdout).toMatch(/^shop +2 +1 +2 +0 +here$/m);

    const refused = await longshoreCluster('delete', 'shop');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^Cluster shop is not empty: .*\n.*longshore cluster delete shop --force$/m);
    expect(machines()).toHaveLength(2);

    const deleted = await longshoreCluster('delete', 'shop', '--force');
    expect([deleted.code, deleted.stdout]).toEqual([0, 'cluster shop is deleted\n']);
    expect(machines()).toEqual([]);
    await expectNoNamespaces(namespaces);
    const { clusters } = await ecs.send(new DescribeClustersCommand({ clusters: ['shop'] }));
    expect(clusters?.[0]).toMatchObject({ status: 'INACTIVE', registeredContainerInstancesCount: 0 });
  },
  180_000,
);

function namespaceIn(folder: string): string {
  const saved = JSON.parse(readFileSync(join(folder, 'machine.json'), 'utf8')) as { readonly namespace: string };
  return saved.namespace;
}

/** What a failed test left of a machine. */
async function removeByForce(folder: string): Promise<void> {
  const namespace = namespaceIn(folder);
  const { stdout } = await tryRun('ip', ['netns', 'pids', namespace]);
  for (const pid of stdout.split('\n').filter(Boolean)) await tryRun('kill', ['-9', pid]);
  await tryRun('ip', ['netns', 'delete', namespace]);
  await tryRun('ip', ['link', 'delete', namespace]);
}

test('a program makes the machines of any cloud: called with JSON, once for each token', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'capacity-'));
  const program = join(folder, 'cloud');
  const calls = join(folder, 'calls');
  // A cloud of files: a machine is a file with its token's name. The first launch is answered too late for a crash.
  writeFileSync(
    program,
    `#!/bin/sh
input=$(cat)
echo "$input" >> ${calls}
token=$(echo "$input" | sed -n 's/.*"token":"\\([^"]*\\)".*/\\1/p')
case "$input" in
  *'"action":"launch"'*) mkdir -p ${folder}/there/$token; echo "{\\"id\\":\\"$token\\"}" ;;
  *'"action":"list"'*) echo "{\\"ids\\":[$(ls ${folder}/there 2>/dev/null | sed 's/.*/"&"/' | paste -sd,)]}" ;;
  *'"action":"terminate"'*) rm -rf ${folder}/there/$(echo "$input" | sed -n 's/.*"id":"\\([^"]*\\)".*/\\1/p'); echo '{}' ;;
esac
`,
    { mode: 0o755 },
  );
  const groups = join(folder, 'groups.json');
  const cloud = { name: 'cloud', kind: 'command', maxSize: 3, cpu: 1024, memory: 128, command: [program] };
  writeFileSync(groups, JSON.stringify({ groups: [{ ...cloud, endpoint: 'http://10.0.0.1:7077' }] }));
  await using longshore = await startLongshore({ args: ['--no-agent', '--machine-groups', groups] });
  const ecs = clientOf(longshore);
  const main = { name: 'main', image: 'busybox', memory: 100 };
  await ecs.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions: [main] }));
  await provide(ecs, 'cloud');
  const { tasks } = await ecs.send(new RunTaskCommand({ taskDefinition: 'f', count: 2 }));
  expect(tasks?.map((each) => each.lastStatus)).toEqual(['PROVISIONING', 'PROVISIONING']);
  const there = () => (existsSync(join(folder, 'there')) ? readdirSync(join(folder, 'there')) : []);
  const asked = () =>
    readFileSync(calls, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly action: string; readonly [name: string]: unknown });
  await until('two machines were asked for', () => there().length === 2);
  const rounds = () => asked().filter((each) => each.action === 'list').length;
  const seen = rounds();
  await until('the scaler looked again', () => rounds() > seen);
  expect(there()).toHaveLength(2);
  expect(asked().find((each) => each.action === 'launch')).toEqual({
    action: 'launch',
    group: 'cloud',
    token: expect.any(String),
    cluster: 'default',
    attributes: { 'longshore.capacity-provider': 'cloud' },
    endpoint: 'http://10.0.0.1:7077',
    region: 'us-east-1',
  });
  ecs.destroy();
  await longshore.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);
