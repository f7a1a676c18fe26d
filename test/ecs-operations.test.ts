// Every operation of the ECS API, by the SDK against a Longshore as a user starts it, with its own agent on the Docker Engine: its
// answer and its error. Where the API model is at hand (LONGSHORE_AWS_MODELS), each answer's shape and each error is
// compared with it. And a sample by the AWS CLI.
import * as sdk from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAwsModel } from './support/aws-model.ts';
import { awsCli, run, tryRun } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances } from './support/ecs.ts';
import { type Known, type Step, steps } from './support/ecs-operations.ts';
import { refusals } from './support/ecs-refusals.ts';
import { copyToRegistry, importBusybox } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';
import { registryAuthorization } from './support/push.ts';
import { systemStores } from './support/stores.ts';
import { keepWire } from './support/wire.ts';

const model = readAwsModel('ecs');

/** Operations of newer SDKs than the model: gateways. */
const newer = /^(?!\w*ExpressGateway)\w*Gateway/;

type CommandClass = new (input: object) => Parameters<sdk.ECSClient['send']>[0];

function commandOf(name: string, input: object): Parameters<sdk.ECSClient['send']>[0] {
  const commands = sdk as unknown as Readonly<Record<string, CommandClass>>;
  const Command = commands[`${name}Command`];
  if (!Command) throw new Error(`The SDK has no ${name}`);
  return new Command(input);
}

test('the tables have every operation, with its answer and its error', () => {
  const wanted = Object.keys(sdk)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.slice(0, -'Command'.length))
    .filter((name) => !newer.test(name))
    .sort();
  const answered = new Set(steps.map((each) => each.name));
  expect([...answered].sort()).toEqual(wanted);
  expect(wanted).toHaveLength(77);
  expect(wanted).toEqual(expect.arrayContaining([...(model?.operations ?? [])]));
  const alwaysRefused = steps.filter((each) => each.error !== undefined).map((each) => each.name);
  expect([...new Set([...refusals.map((each) => each.name), ...alwaysRefused])].sort()).toEqual(wanted);
});

describe.each(systemStores)('on $name', (store) => {
  let longshore: Longshore;
  let drop: () => Promise<void>;
  let client: sdk.ECSClient;
  let wire: () => string;
  let image: string;
  const answers = new Map<string, Readonly<Record<string, unknown>>>();
  const soFar = (): Known => ({ account: longshore.credentials.account, image, answers });

  beforeAll(async () => {
    const created = await store.create();
    drop = created.drop;
    longshore = await startLongshore({ store: created.url });
    const { credentials } = longshore;
    client = new sdk.ECSClient({ endpoint: longshore.url, region: credentials.region, credentials, maxAttempts: 1 });
    wire = keepWire(client);
    image = `${longshore.host}/every:1`;
    await importBusybox(image);
    await copyToRegistry(image, await registryAuthorization(longshore));
    await until('the agent is connected', async () => (await connectedInstances(client)) === 1);
  });

  afterAll(async () => {
    client?.destroy();
    await longshore?.[Symbol.asyncDispose]();
    await docker.removeImage(image);
    await drop?.();
  });

  async function send(name: string, input: object): Promise<string> {
    return client.send(commandOf(name, input)).then(
      () => 'done',
      (reason: Error) => `${reason.name}: ${reason.message}`,
    );
  }

  async function wait(waiter: NonNullable<Step['waiter']>): Promise<void> {
    const started = answers.get('RunTask')?.['tasks'] as readonly sdk.Task[] | undefined;
    const tasks = [started?.[0]?.taskArn ?? ''];
    const services = ['every-service'];
    const patience = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
    const waiters = {
      TasksRunning: () => sdk.waitUntilTasksRunning(patience, { tasks }),
      TasksStopped: () => sdk.waitUntilTasksStopped(patience, { tasks }),
      ServicesStable: () => sdk.waitUntilServicesStable(patience, { services }),
      ServicesInactive: () => sdk.waitUntilServicesInactive(patience, { services }),
    };
    expect((await waiters[waiter]()).state).toBe('SUCCESS');
  }

  test.each(steps)(
    '$name',
    async ({ name, input, error, waiter }) => {
      if (waiter !== undefined) await wait(waiter);
      const outcome = await send(name, input(soFar()));
      expect(outcome.split(':')[0], outcome).toBe(error ?? 'done');
      const answer = JSON.parse(wire()) as Readonly<Record<string, unknown>>;
      answers.set(name, answer);
      const known = error === undefined || (model?.errorsOf(name).includes(error) ?? true);
      expect(known, `${error} is an error of ${name}`).toBe(true);
      expect(error === undefined ? (model?.faults(name, answer) ?? []) : []).toEqual([]);
    },
    90_000,
  );

  test.each(refusals)('$name is refused $why', async ({ name, input, error, words }) => {
    const outcome = await send(name, input(soFar()));
    expect(outcome.split(':')[0], outcome).toBe(error);
    expect(outcome).toMatch(words);
    expect(model?.errorsOf(name) ?? [error]).toContain(error);
  });

  test.skipIf(!awsCli)(
    'a sample by the AWS CLI: answers as it prints them, errors as it says them',
    async () => {
      const options = { env: longshore.env };
      const endpoint = ['--endpoint-url', longshore.url, '--output', 'json'];
      const aws = async (...args: readonly string[]): Promise<unknown> =>
        JSON.parse(await run(awsCli ?? '', [...endpoint, 'ecs', ...args], options));
      expect(await aws('create-cluster', '--cluster-name', 'by-cli', '--tags', 'key=a,value=b')).toMatchObject({
        cluster: { clusterName: 'by-cli', status: 'ACTIVE', tags: [{ key: 'a', value: 'b' }] },
      });
      expect(await aws('put-account-setting', '--name', 'containerInsights', '--value', 'enabled')).toMatchObject({
        setting: { name: 'containerInsights', value: 'enabled' },
      });
      const settings = ['--settings', 'name=containerInsights,value=enhanced'];
      expect(await aws('update-cluster-settings', '--cluster', 'by-cli', ...settings)).toMatchObject({
        cluster: { settings: [{ name: 'containerInsights', value: 'enhanced' }] },
      });
      expect(await aws('describe-clusters', '--clusters', 'by-cli', 'none')).toMatchObject({
        clusters: [{ clusterName: 'by-cli' }],
        failures: [{ reason: 'MISSING' }],
      });
      const containers = JSON.stringify([{ name: 'main', image, memory: 16 }]);
      const registered = ['--family', 'by-cli', '--container-definitions', containers];
      expect(await aws('register-task-definition', ...registered)).toMatchObject({ taskDefinition: { revision: 1 } });
      const deleted = await tryRun(
        awsCli ?? '',
        [...endpoint, 'ecs', 'deregister-task-definition', '--task-definition', 'by-cli'],
        options,
      );
      expect(deleted.stderr).toContain('(InvalidParameterException)');
      await aws('deregister-task-definition', '--task-definition', 'by-cli:1');
      expect(await aws('list-task-definitions', '--status', 'INACTIVE', '--family-prefix', 'by-cli')).toMatchObject({
        taskDefinitionArns: [expect.stringContaining('task-definition/by-cli:1')],
      });
      expect(await aws('delete-cluster', '--cluster', 'by-cli')).toMatchObject({ cluster: { status: 'INACTIVE' } });
      const gone = await tryRun(awsCli ?? '', [...endpoint, 'ecs', 'list-tasks', '--cluster', 'by-cli'], options);
      expect(gone.stderr).toContain('(ClusterNotFoundException)');
    },
    120_000,
  );
});
