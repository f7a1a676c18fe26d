// What a task is given from elsewhere, seen in real containers: secrets, environment files, and what is left behind of them.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AcsSecret } from '@longshore/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, openHarness, shell, taskOf } from './testing/harness.ts';

let harness: Harness;
let files: string;

beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), 'longshore-task-files-'));
  await writeFile(join(files, 'token'), 'from-a-file\n');
  await writeFile(join(files, 'first.env'), 'A=first\nB=first\nC=first\nD=first\n');
  await writeFile(join(files, 'second.env'), 'A=second\nE=second\n');
  harness = await openHarness();
  await harness.start({ taskFiles: files, gpus: ['gpu-a=/dev/zero', 'gpu-b=/dev/full'] });
});

afterAll(async () => {
  await harness.close();
  await rm(files, { recursive: true, force: true });
});

const arnOf = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`;

function secret(name: string, valueFrom: string, target: AcsSecret['target'] = 'CONTAINER'): AcsSecret {
  const provider = valueFrom.startsWith('file:') ? 'file' : 'asm';
  return { name, valueFrom, provider, target, type: target === 'CONTAINER' ? 'ENVIRONMENT_VARIABLE' : 'BOOTSTRAP' };
}

test('secrets and environment files in their order of precedence, and no value in any state file', async () => {
  const { plane, engine } = harness;
  plane.secrets.set(arnOf('db'), JSON.stringify({ user: 'app', password: 'hunter2' }));
  plane.secrets.set(arnOf('log'), 'a-tag');
  const container = shell(plane, 'exec sleep 1000', {
    stopTimeout: 1,
    environment: { B: 'definition', C: 'definition' },
    overrides: JSON.stringify({ environment: { C: 'override' } }),
    environmentFiles: [
      { type: 's3', value: 'file:first.env' },
      { type: 's3', value: 'file:second.env' },
    ],
    secrets: [
      secret('PASSWORD', `${arnOf('db')}:password::`),
      secret('USER_NAME', `${arnOf('db')}:user::`),
      secret('TOKEN', 'file:token'),
      secret('D', 'file:token'),
      secret('tag', arnOf('log'), 'LOG_DRIVER'),
    ],
    dockerConfig: { version: '1.25', config: '', hostConfig: JSON.stringify({ LogConfig: { Type: 'json-file' } }) },
  });
  const task = taskOf([container]);
  plane.payload(task);
  const change = await harness.reported(task.arn, 'RUNNING');
  const inspection = await engine.inspectContainer(change.containers?.[0]?.runtimeId ?? '');
  const { Env } = (inspection?.Config ?? {}) as { readonly Env?: readonly string[] };
  expect(Env).toEqual(
    expect.arrayContaining([
      'A=first',
      'B=definition',
      'C=override',
      'D=from-a-file',
      'E=second',
      'PASSWORD=hunter2',
      'USER_NAME=app',
      'TOKEN=from-a-file',
    ]),
  );
  const { LogConfig } = (inspection?.HostConfig ?? {}) as { readonly LogConfig?: unknown };
  expect(LogConfig).toEqual({ Type: 'json-file', Config: { tag: 'a-tag' } });
  for (const entry of await readdir(harness.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A file may be replaced by its next state just now.
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8').catch(() => '');
    expect(text).not.toMatch(/hunter2|from-a-file/);
  }
  plane.payload({ ...task, desiredStatus: 'STOPPED' });
  await harness.reported(task.arn, 'STOPPED');
});

test.each([
  ['missing', `${arnOf('gone')}`, /^ResourceInitializationError: .*ResourceNotFoundException: The task can't retrieve/],
  ['without the key', `${arnOf('db')}:nothing::`, /^ResourceInitializationError: .*did not contain json key nothing/],
  ['a file that leads out', 'file:../etc/passwd', /^ResourceInitializationError: .*not a name of a file/],
])('a secret that is %s stops the task with the reason', async (_what, valueFrom, reason) => {
  const { plane } = harness;
  const task = taskOf([shell(plane, 'true', { secrets: [secret('X', valueFrom)] })]);
  plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.reason).toMatch(reason);
  expect(change.reason).not.toContain('hunter2');
  expect(await harness.containers(task.arn)).toEqual([]);
});

test("a private registry's credential comes out of a secret, and a malformed one says so", async () => {
  const { plane } = harness;
  plane.secrets.set(arnOf('registry'), JSON.stringify({ username: 'AWS', password: 'registry-password' }));
  plane.secrets.set(arnOf('broken'), 'not json');
  const by = (name: string) => ({
    registryAuthentication: {
      type: 'asm' as const,
      asmAuthData: { credentialsParameter: arnOf(name), region: 'us-east-1' },
    },
  });
  const good = taskOf([shell(plane, 'exit 0', by('registry'))]);
  const bad = taskOf([shell(plane, 'exit 0', by('broken'))]);
  plane.payload(good);
  plane.payload(bad);
  expect((await harness.reported(good.arn, 'STOPPED')).containers?.[0]).toMatchObject({ exitCode: 0 });
  expect((await harness.reported(bad.arn, 'STOPPED')).reason).toMatch(
    /^ResourceInitializationError: .*must be JSON with username and password/,
  );
});

// Its runs last twice the period that they must: the Engine may note a start well after it.
test('a restart policy starts the same container again until an exit code that it ignores; a port range is one binding', async () => {
  const { plane, engine } = harness;
  const container = shell(plane, 'echo x >> /runs; [ "$(cat /runs | tr -d "\\n")" = xxx ] && exit 5; sleep 2; exit 3', {
    restartPolicy: { enabled: true, ignoredExitCodes: [5], restartAttemptPeriod: 1 },
    portMappings: [{ containerPort: 0, containerPortRange: '8000-8002', hostPort: 0, protocol: 'tcp' }],
  });
  const task = taskOf([container]);
  plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED', 30_000);
  expect(change.containers?.[0]).toMatchObject({ exitCode: 5 });
  const inspection = await engine.inspectContainer(change.containers?.[0]?.runtimeId ?? '');
  expect(inspection?.State).toMatchObject({ Status: 'exited', ExitCode: 5 });
  const running = plane.changes.filter((one) => one.task === task.arn && one.status === 'RUNNING');
  const [binding] = running[0]?.containers?.[0]?.networkBindings ?? [];
  expect(binding).toMatchObject({ containerPortRange: '8000-8002', hostPortRange: expect.stringMatching(/^\d+-\d+$/) });
});

test('a GPU is a device of one container, and others are told that they have none', async () => {
  const { plane, engine } = harness;
  const run = 'exec sleep 1000';
  const task = taskOf(
    [
      shell(plane, run, { name: 'with', stopTimeout: 1 }),
      shell(plane, run, { name: 'without', stopTimeout: 1, environment: { NVIDIA_VISIBLE_DEVICES: 'all' } }),
    ],
    {
      associations: [{ type: 'gpu', name: 'gpu-b', containers: ['with'], content: { encoding: 'base64', value: '' } }],
    },
  );
  plane.payload(task);
  const change = await harness.reported(task.arn, 'RUNNING');
  const inspect = async (name: string) => {
    const id = change.containers?.find((one) => one.containerName === name)?.runtimeId ?? '';
    return (await engine.inspectContainer(id)) as unknown as {
      readonly Config: { readonly Env: readonly string[] };
      readonly HostConfig: { readonly Devices: readonly { readonly PathOnHost: string }[] | null };
    };
  };
  const [having, lacking] = [await inspect('with'), await inspect('without')];
  expect(having.HostConfig.Devices?.map((each) => each.PathOnHost)).toEqual(['/dev/full']);
  expect(having.Config.Env).toContain('NVIDIA_VISIBLE_DEVICES=gpu-b');
  expect(lacking.HostConfig.Devices ?? []).toEqual([]);
  expect(lacking.Config.Env).toContain('NVIDIA_VISIBLE_DEVICES=void');
  const registered = plane.registrations[0] as { readonly totalResources?: readonly object[] };
  expect(registered.totalResources).toContainEqual(
    expect.objectContaining({ name: 'GPU', stringSetValue: ['gpu-a', 'gpu-b'] }),
  );
  plane.payload({ ...task, desiredStatus: 'STOPPED' });
  await harness.reported(task.arn, 'STOPPED');
});
