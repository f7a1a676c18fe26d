// What task definitions ask for, from the API to the container: secrets, environment files, and who may name them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ContainerDefinition,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, type Inspection } from './support/docker.ts';
import { connectedInstances, reaches, runTask } from './support/ecs.ts';
import { importBusybox, sleeps } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';

let longshore: Longshore;
let files: string;
let ecs: ECSClient;
let secret: string;
const image = 'longshore-task-definition-test:1';

const clientOf = () => ({
  endpoint: longshore.url,
  region: longshore.credentials.region,
  credentials: longshore.credentials,
});

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'longshore-task-files-'));
  writeFileSync(join(files, 'web.env'), 'MODE=file\nCOLOR=blue\n');
  longshore = await startLongshore({
    args: ['--task-files', files, '--image-pull', 'prefer-cached', '--gpus', 'gpu-a=/dev/full'],
  });
  ecs = new ECSClient(clientOf());
  await importBusybox(image);
  const secrets = new SecretsManagerClient(clientOf());
  const made = await secrets.send(new CreateSecretCommand({ Name: 'db', SecretString: '{"password":"hunter2"}' }));
  secret = made.ARN ?? '';
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
});

afterAll(async () => {
  ecs?.destroy();
  await longshore?.[Symbol.asyncDispose]();
  await docker.removeImage(image);
  rmSync(files, { recursive: true, force: true });
});

const definition = (more: Partial<ContainerDefinition>): ContainerDefinition => ({
  name: 'main',
  image,
  memory: 32,
  command: [...sleeps],
  stopTimeout: 2,
  ...more,
});

async function launch(family: string, more: Partial<ContainerDefinition>): Promise<string> {
  await ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [definition(more)] }));
  return runTask(ecs, family);
}

test('a secret and an environment file reach the container, and no answer of the API', async () => {
  const arn = await launch('inputs', {
    secrets: [{ name: 'PASSWORD', valueFrom: `${secret}:password::` }],
    environmentFiles: [{ type: 's3', value: 'file:web.env' }],
    environment: [{ name: 'MODE', value: 'definition' }],
  });
  const task = await reaches(ecs, arn, 'RUNNING');
  const { Config } = await docker.inspect(task.containers?.[0]?.runtimeId ?? '');
  expect(Config.Env).toEqual(expect.arrayContaining(['PASSWORD=hunter2', 'MODE=definition', 'COLOR=blue']));
  expect(JSON.stringify(task)).not.toContain('hunter2');
  expect(longshore.log()).not.toContain('hunter2');
});

test('a secret that is gone stops the task with the reason', async () => {
  const arn = await launch('gone', {
    secrets: [{ name: 'X', valueFrom: secret.replace(/db-\w+$/, 'gone-AbCdEf') }],
  });
  const task = await reaches(ecs, arn, 'STOPPED');
  expect(task.stopCode).toBe('TaskFailedToStart');
  expect(task.stoppedReason).toMatch(/^ResourceInitializationError: .*ResourceNotFoundException/);
});

test('only who may read a secret may name it in a task definition', async () => {
  const iam = new IAMClient(clientOf());
  await iam.send(new CreateUserCommand({ UserName: 'deployer' }));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'deployer',
      PolicyName: 'ecs',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'ecs:*', Resource: '*' }],
      }),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'deployer' }));
  const deployer = new ECSClient({
    ...clientOf(),
    credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' },
  });
  const named = (valueFrom: string) =>
    deployer.send(
      new RegisterTaskDefinitionCommand({
        family: 'sly',
        containerDefinitions: [definition({ secrets: [{ name: 'X', valueFrom }] })],
      }),
    );
  await expect(named(secret)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(named(secret)).rejects.toThrow(/secretsmanager:GetSecretValue/);
  await expect(named('file:token')).resolves.toBeDefined();
});

test('a port range takes as many host ports in a row, and is shown as one', async () => {
  const arn = await launch('range', {
    portMappings: [{ containerPortRange: '8000-8002' }],
    restartPolicy: { enabled: true, restartAttemptPeriod: 60 },
    command: ['httpd', '-f', '-p', '8001', '-h', '/www'],
  });
  const task = await reaches(ecs, arn, 'RUNNING');
  const [binding] = task.containers?.[0]?.networkBindings ?? [];
  expect(binding).toMatchObject({ containerPortRange: '8000-8002', protocol: 'tcp' });
  expect(binding?.containerPort).toBeUndefined();
  const first = Number(binding?.hostPortRange?.split('-')[0]);
  expect(binding?.hostPortRange).toBe(`${first}-${first + 2}`);
  const page = await until('the server in the middle of the range answers', () =>
    fetch(`http://127.0.0.1:${first + 1}/`).then(
      (answer) => answer.text(),
      () => undefined,
    ),
  );
  expect(page).toContain('hello from');
});

test('a GPU is of one task at a time; a second task is told that there is none', async () => {
  const needs = { resourceRequirements: [{ type: 'GPU' as const, value: '1' }] };
  const first = await reaches(ecs, await launch('gpu', needs), 'RUNNING');
  const { Config, HostConfig } = (await docker.inspect(first.containers?.[0]?.runtimeId ?? '')) as Inspection & {
    readonly HostConfig: { readonly Devices: readonly { readonly PathOnHost: string }[] };
  };
  expect(Config.Env).toContain('NVIDIA_VISIBLE_DEVICES=gpu-a');
  expect(HostConfig.Devices.map((each) => each.PathOnHost)).toEqual(['/dev/full']);
  const { failures } = await ecs.send(new RunTaskCommand({ taskDefinition: 'gpu' }));
  expect(failures?.map((each) => each.reason)).toEqual(['RESOURCE:GPU']);
  await ecs.send(new StopTaskCommand({ task: first.taskArn ?? '' }));
  await reaches(ecs, first.taskArn ?? '', 'STOPPED');
  const again = await ecs.send(new RunTaskCommand({ taskDefinition: 'gpu' }));
  expect(again.failures).toEqual([]);
});
