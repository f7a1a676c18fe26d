// Check 3: tasks through the ECS API by the SDK, Debian's AWS CLI and boto3; the containers are really there.
import {
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCli, dockerCli, run, tryRun } from './support/command.ts';
import { docker, type Inspection } from './support/docker.ts';
import { connectedInstances, describeTask, reaches, runTask } from './support/ecs.ts';
import { copyToRegistry, importBusybox, sleeps } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';
import { registryAuthorization } from './support/push.ts';
import { systemStores } from './support/stores.ts';

const python = await (async () => {
  for (const each of ['python3', '/usr/bin/python3']) {
    if ((await tryRun(each, ['-c', 'import boto3'])).code === 0) return each;
  }
  return undefined;
})();

describe.each(systemStores)('on $name', (store) => {
  let longshore: Longshore;
  let drop: () => Promise<void>;
  let ecs: ECSClient;
  let image: string;

  beforeAll(async () => {
    const created = await store.create();
    drop = created.drop;
    longshore = await startLongshore({ store: created.url });
    ecs = new ECSClient({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
    });
    image = `${longshore.host}/app:1`;
    await importBusybox(image);
    await copyToRegistry(image, await registryAuthorization(longshore));
    await docker.removeImage(image);
    await until('the agent is connected', async () => {
      return (await connectedInstances(ecs)) === 1;
    });
  });

  afterAll(async () => {
    ecs?.destroy();
    await longshore?.[Symbol.asyncDispose]();
    await docker.removeImage(image);
    await drop?.();
  });

  interface Definition {
    readonly command: readonly string[];
    readonly memory?: number;
    readonly port?: number;
    readonly image?: string;
    readonly stopTimeout?: number;
    readonly more?: Readonly<Record<string, unknown>>;
  }

  async function register(family: string, definition: Definition): Promise<string> {
    const answer = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        containerDefinitions: [
          {
            name: 'main',
            image: definition.image ?? image,
            command: [...definition.command],
            memory: definition.memory ?? 32,
            ...(definition.port === undefined ? {} : { portMappings: [{ containerPort: definition.port }] }),
            ...(definition.stopTimeout === undefined ? {} : { stopTimeout: definition.stopTimeout }),
            ...definition.more,
          },
        ],
      }),
    );
    return answer.taskDefinition?.taskDefinitionArn ?? '';
  }

  const launch = (taskDefinition: string) => runTask(ecs, taskDefinition);
  const stopped = (arn: string) => reaches(ecs, arn, 'STOPPED');
  const running = (arn: string) => reaches(ecs, arn, 'RUNNING');

  async function inspect(task: Task): Promise<Inspection> {
    return docker.inspect(task.containers?.[0]?.runtimeId ?? '');
  }

  test('the SDK runs a task whose port answers, and stops it by SIGTERM', async () => {
    const script = "trap 'exit 7' TERM; httpd -p 8080 -h /www; while :; do sleep 0.1; done";
    const task = await launch(
      await register('web', {
        command: ['sh', '-c', script],
        port: 8080,
        more: { environment: [{ name: 'COLOUR', value: 'blue' }], user: 'app', workingDirectory: '/www' },
      }),
    );
    const waited = await waitUntilTasksRunning(
      { client: ecs, maxWaitTime: 60, minDelay: 1, maxDelay: 2 },
      { tasks: [task] },
    );
    expect(waited.state).toBe('SUCCESS');
    const up = await describeTask(ecs, task);
    const container = up.containers?.[0];
    expect(container?.lastStatus).toBe('RUNNING');
    expect(container?.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const port = container?.networkBindings?.[0]?.hostPort;
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(await page.text()).toBe(`hello from ${image}\n`);
    const real = await inspect(up);
    expect(real.State.Running).toBe(true);
    expect(real.Config.Env).toContain('COLOUR=blue');
    expect(real.Config.User).toBe('app');
    expect(real.Config.WorkingDir).toBe('/www');
    expect(real.HostConfig.Memory).toBe(32 * 1024 * 1024);
    await ecs.send(new StopTaskCommand({ task, reason: 'enough seen' }));
    await waitUntilTasksStopped({ client: ecs, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { tasks: [task] });
    const down = await describeTask(ecs, task);
    expect(down.containers?.[0]?.exitCode).toBe(7);
    expect(down.stoppedReason).toBe('enough seen');
    expect(down.stopCode).toBe('UserInitiated');
    expect((await inspect(down)).State.Running).toBe(false);
  });

  test('a task that ignores SIGTERM gets SIGKILL after stopTimeout', async () => {
    const task = await launch(
      await register('stubborn', {
        command: ['sh', '-c', "trap '' TERM; while :; do sleep 0.1; done"],
        stopTimeout: 2,
      }),
    );
    await running(task);
    const start = Date.now();
    await ecs.send(new StopTaskCommand({ task }));
    const down = await stopped(task);
    expect(Date.now() - start).toBeGreaterThan(1_900);
    expect(down.containers?.[0]?.exitCode).toBe(137);
  });

  test('a missing image: CannotPullContainerError', async () => {
    const task = await launch(await register('missing', { command: ['true'], image: `${longshore.host}/nowhere:1` }));
    const down = await stopped(task);
    expect(down.stopCode).toBe('TaskFailedToStart');
    expect(`${down.stoppedReason} ${down.containers?.[0]?.reason}`).toContain('CannotPullContainerError');
  });

  test('a crashing container: its exit code and the essential container', async () => {
    const task = await launch(await register('crashing', { command: ['sh', '-c', 'exit 3'] }));
    const down = await stopped(task);
    expect(down.stopCode).toBe('EssentialContainerExited');
    expect(down.stoppedReason).toBe('Essential container in task exited');
    expect(down.containers?.[0]?.exitCode).toBe(3);
  });

  test('a command that is not there: CannotStartContainerError', async () => {
    const task = await launch(await register('no-command', { command: ['/no/such/program'] }));
    const down = await stopped(task);
    expect(`${down.stoppedReason} ${down.containers?.[0]?.reason}`).toMatch(
      /CannotStartContainerError|CannotCreateContainerError/,
    );
  });

  test('too little memory: killed at run time, refused at placement', async () => {
    const hungry = await launch(
      await register('hungry', { command: ['sh', '-c', 'dd if=/dev/zero of=/dev/null bs=200M count=1'], memory: 16 }),
    );
    const down = await stopped(hungry);
    expect(down.containers?.[0]?.reason).toBe('OutOfMemoryError: Container killed due to memory usage');
    expect(down.containers?.[0]?.exitCode).toBe(137);
    const huge = await register('huge', { command: ['true'], memory: 50_000_000 });
    const refused = await ecs.send(new RunTaskCommand({ taskDefinition: huge }));
    expect(refused.tasks).toEqual([]);
    expect(refused.failures?.[0]?.reason).toBe('RESOURCE:MEMORY');
  });

  test('two tasks of one static port do not fit on one instance', async () => {
    const definition = await register('static-port', {
      command: [...sleeps],
      stopTimeout: 2,
      more: { portMappings: [{ containerPort: 80, hostPort: 48_123 }] },
    });
    const first = await launch(definition);
    await running(first);
    const second = await ecs.send(new RunTaskCommand({ taskDefinition: definition }));
    expect(second.failures?.[0]?.reason).toBe('RESOURCE:PORTS');
    await ecs.send(new StopTaskCommand({ task: first }));
    await stopped(first);
  });

  test('longshore ps and top show the container with its measurements', async () => {
    const task = await launch(await register('busy', { command: ['sh', '-c', 'while :; do :; done'], stopTimeout: 2 }));
    await running(task);
    const id = task.split('/').at(-1) ?? '';
    await until('ps shows a CPU figure', async () => {
      const tasks: unknown = JSON.parse(
        await run(join(import.meta.dirname, '..', 'bin', 'longshore'), ['ps', '--json'], { env: longshore.env }),
      );
      return JSON.stringify(tasks).includes(id) && /"cpuPercent":\s*(?:[2-9]\d|1\d\d)/.test(JSON.stringify(tasks));
    });
    const top = await run(join(import.meta.dirname, '..', 'bin', 'longshore'), ['top', '--once'], {
      env: longshore.env,
    });
    expect(top).toContain('busy');
    await ecs.send(new StopTaskCommand({ task }));
    await stopped(task);
  });

  test.skipIf(!awsCli)(
    "Debian's AWS CLI runs, waits for and stops a task",
    async () => {
      const aws = async (...args: string[]): Promise<{ readonly tasks: readonly Task[] }> => {
        const out = await run(awsCli ?? '', ['--endpoint-url', longshore.url, '--output', 'json', ...args], {
          env: longshore.env,
        });
        return out === '' ? { tasks: [] } : (JSON.parse(out) as { tasks: Task[] });
      };
      // As the first process it does not hear SIGTERM, and is killed after two seconds.
      const command = ['sleep', '300'];
      const definitions = JSON.stringify([{ name: 'main', image, command, memory: 16, stopTimeout: 2 }]);
      await aws('ecs', 'register-task-definition', '--family', 'cli', '--container-definitions', definitions);
      const ran = await aws('ecs', 'run-task', '--task-definition', 'cli');
      const arn = ran.tasks[0]?.taskArn ?? '';
      await aws('ecs', 'wait', 'tasks-running', '--tasks', arn);
      const described = await aws('ecs', 'describe-tasks', '--tasks', arn);
      expect(described.tasks[0]?.lastStatus).toBe('RUNNING');
      const id = described.tasks[0]?.containers?.[0]?.runtimeId ?? '';
      expect(JSON.parse(await run(dockerCli, ['inspect', id]))).toMatchObject([{ State: { Running: true } }]);
      await aws('ecs', 'stop-task', '--task', arn, '--reason', 'from the CLI');
      await aws('ecs', 'wait', 'tasks-stopped', '--tasks', arn);
      const down = await describeTask(ecs, arn);
      expect(down.stoppedReason).toBe('from the CLI');
      expect(down.containers?.[0]?.exitCode).toBe(137);
    },
    120_000,
  );

  test.skipIf(!python)(
    'boto3 runs, waits for and stops a task',
    async () => {
      const script = join(import.meta.dirname, 'support', 'boto3_task.py');
      const out = await run(python ?? '', [script, image], { env: longshore.env });
      expect(JSON.parse(out)).toMatchObject({
        running: 'RUNNING',
        stopped: 'STOPPED',
        exitCode: 137,
        reason: 'from boto3',
      });
    },
    120_000,
  );
});
