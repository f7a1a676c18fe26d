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
  await harness.start({ taskFiles: files });
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
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
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
