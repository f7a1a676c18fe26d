// Execution roles, through the real agent and Engine: with one, its policies alone say which secrets, images and log groups a
// task is given, and the task stops with the words of the refusal; no container gets its keys.
import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { type ContainerDefinition, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dockerCli, tryRun } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances, reaches, runTask } from './support/ecs.ts';
import { copyToRegistry, importBusybox, sleeps } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';
import { registryAuthorization } from './support/push.ts';

const local = 'longshore-execution-role-test:1';
let longshore: Longshore;
let ecs: ECSClient;
let iam: IAMClient;
let own: string;
const secrets: string[] = [];

const document = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });

beforeAll(async () => {
  longshore = await startLongshore({ args: ['--image-pull', 'prefer-cached'] });
  const { url: endpoint, credentials } = longshore;
  const settings = { endpoint, region: credentials.region, credentials };
  ecs = new ECSClient(settings);
  iam = new IAMClient(settings);
  await importBusybox(local);
  own = `${longshore.host}/private:1`;
  await importBusybox(own);
  await copyToRegistry(own, await registryAuthorization(longshore));
  await tryRun(dockerCli, ['rmi', own]);
  const manager = new SecretsManagerClient(settings);
  for (const Name of ['mine', 'other'])
    secrets.push((await manager.send(new CreateSecretCommand({ Name, SecretString: `${Name}-value` }))).ARN ?? '');
  manager.destroy();
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
});

afterAll(async () => {
  ecs?.destroy();
  iam?.destroy();
  await longshore?.[Symbol.asyncDispose]();
  await docker.removeImage(local);
  await docker.removeImage(own);
});

/** A role that tasks trust, with what it may. */
async function role(RoleName: string, statement?: { Action: string | string[]; Resource: string }): Promise<string> {
  const trust = document({ Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  if (statement) await allow(RoleName, statement);
  return Role?.Arn ?? '';
}

async function allow(RoleName: string, statement: object): Promise<void> {
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: document(statement) }));
}

async function run(family: string, executionRoleArn: string, more: Partial<ContainerDefinition>): Promise<string> {
  const container = { name: 'main', image: local, memory: 32, command: [...sleeps], stopTimeout: 2, ...more };
  await ecs.send(new RegisterTaskDefinitionCommand({ family, executionRoleArn, containerDefinitions: [container] }));
  return runTask(ecs, family);
}

async function refusal(arn: string): Promise<string> {
  const task = await reaches(ecs, arn, 'STOPPED');
  expect(task.stopCode).toBe('TaskFailedToStart');
  return task.stoppedReason ?? '';
}

test('secrets: the role reads what its policy names, and nothing else', async () => {
  const [mine = '', other = ''] = secrets;
  const reader = await role('reader', { Action: 'secretsmanager:GetSecretValue', Resource: mine });
  const refused = await refusal(await run('other', reader, { secrets: [{ name: 'X', valueFrom: other }] }));
  expect(refused).toMatch(/^ResourceInitializationError: unable to pull secrets or registry auth: /);
  expect(refused).toMatch(/AccessDeniedException.*assumed-role\/reader\/\w+ is not authorized.*GetSecretValue/);
  const task = await reaches(ecs, await run('mine', reader, { secrets: [{ name: 'X', valueFrom: mine }] }), 'RUNNING');
  const { Config } = await docker.inspect(task.containers?.[0]?.runtimeId ?? '');
  expect(Config.Env).toContain('X=mine-value');
  // The containers have no role: there is nothing that they could ask for keys.
  expect(Config.Env.join()).not.toContain('CREDENTIALS');
});

test('private images: the role must be allowed the token and the repository', async () => {
  const puller = await role('puller');
  const tokenless = await refusal(await run('tokenless', puller, { image: own }));
  expect(tokenless).toMatch(/^CannotPullContainerError: .*assumed-role\/puller\/\w+ is not authorized/);
  await allow('puller', { Action: 'ecr:GetAuthorizationToken', Resource: '*' });
  const imageless = await refusal(await run('imageless', puller, { image: own }));
  expect(imageless).toMatch(/^CannotPullContainerError: .*denied/);
  const actions = ['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
  await allow('puller', { Action: actions, Resource: '*' });
  await reaches(ecs, await run('allowed', puller, { image: own }), 'RUNNING');
});

test('logs: the role makes the stream, and the group where it may', async () => {
  const writer = await role('writer', { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' });
  const options = { 'awslogs-group': '/roles', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'p' };
  const logConfiguration = { logDriver: 'awslogs' as const, options: { ...options, 'awslogs-create-group': 'true' } };
  const refused = await refusal(await run('groupless', writer, { logConfiguration }));
  expect(refused).toMatch(
    /^ResourceInitializationError: .*assumed-role\/writer\/\w+ is not authorized.*CreateLogGroup/,
  );
  await allow('writer', { Action: 'logs:*', Resource: '*' });
  const arn = await run('grouped', writer, { logConfiguration, command: ['sh', '-c', 'echo hello; exec sleep 1000'] });
  const { url: endpoint, credentials } = longshore;
  const logs = new CloudWatchLogsClient({ endpoint, region: credentials.region, credentials });
  await until('what it wrote is there', async () => {
    const found = await logs.send(new DescribeLogStreamsCommand({ logGroupName: '/roles' })).catch(() => undefined);
    return found?.logStreams?.some(
      (each) => arn.endsWith((each.logStreamName ?? '').replace(/.*\//, '')) && each.lastEventTimestamp,
    );
  });
  logs.destroy();
});

test('a role that is not there is refused at once', async () => {
  const gone = `arn:aws:iam::${longshore.credentials.account}:role/gone`;
  await expect(run('gone', gone, {})).rejects.toThrow(`ECS was unable to assume the role '${gone}'`);
});
