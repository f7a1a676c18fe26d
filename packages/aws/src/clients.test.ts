// The real clients over real HTTP: the SDK for JavaScript, and where they are installed the AWS CLI and boto3.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { IAMClient, ListUsersCommand, TagUserCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { systemClock } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callJson } from './call-json.ts';
import { type Harness, harness, keyPair, temporaryKey } from './testing/harness.ts';
import { serveWire, type WireServer } from './testing.ts';

const run = promisify(execFile);

let parts: Harness;
let server: WireServer;

beforeAll(async () => {
  parts = harness({ clock: systemClock });
  server = await serveWire(parts.endpoint);
});

afterAll(() => server.close());

function options(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = keyPair) {
  return { endpoint: server.url, region: 'us-east-1', credentials };
}

function lastInput(operation: string): unknown {
  return parts.reached.findLast((each) => each.operation === operation)?.input;
}

async function isThere(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args);
    return true;
  } catch {
    return false;
  }
}

const environment = {
  ...process.env,
  AWS_ACCESS_KEY_ID: keyPair.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keyPair.secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

describe('the SDK for JavaScript', () => {
  test('reads what it is answered, dates included', async () => {
    const answer = await new ECSClient(options()).send(new RunTaskCommand({ taskDefinition: 'web', count: 1 }));
    expect(answer.tasks).toEqual([{ taskArn: 'arn/web', createdAt: new Date(1_500) }]);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(lastInput('RunTask')).toMatchObject({ taskDefinition: 'web', count: 1 });
  });

  test('gets back every member of a task definition as it was sent', async () => {
    const definition = {
      family: 'web',
      networkMode: 'bridge' as const,
      containerDefinitions: [
        {
          name: 'web',
          image: 'web:1 – “ünïcode” \u{1f6a2}',
          cpu: 10,
          memory: 64,
          essential: true,
          command: ['a', '', 'b\n"\\'],
          environment: [{ name: 'A', value: '' }],
          dockerLabels: { 'a.b': 'c', constructor: 'd' },
          portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' as const }],
        },
      ],
      volumes: [{ name: 'v', host: {} }],
    };
    const answer = await new ECSClient(options()).send(new RegisterTaskDefinitionCommand(definition));
    expect(answer.taskDefinition).toEqual(definition);
  });

  test('throws an error with the code, the message and the request id', async () => {
    const call = new ECSClient(options()).send(new RunTaskCommand({ taskDefinition: 'missing' }));
    await expect(call).rejects.toMatchObject({
      name: 'ClientException',
      message: 'TaskDefinition not found.',
      $metadata: { httpStatusCode: 400, requestId: expect.any(String) },
    });
  });

  test('reads answers and errors of query operations', async () => {
    const identity = await new STSClient(options(temporaryKey)).send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:root' });
    const iam = new IAMClient(options());
    expect((await iam.send(new ListUsersCommand({ MaxItems: 5 }))).Users).toEqual([
      { Path: '/<&>/', UserName: 'ann', UserId: 'AIDA', Arn: 'arn', CreateDate: new Date(1_500) },
    ]);
    await iam.send(new TagUserCommand({ UserName: 'ann', Tags: [{ Key: 'a b', Value: '&=+' }] }));
    expect(lastInput('TagUser')).toEqual({ UserName: 'ann', Tags: [{ Key: 'a b', Value: '&=+' }] });
    const refused = iam.send(new TagUserCommand({ UserName: 'nobody', Tags: [] }));
    await expect(refused).rejects.toMatchObject({ name: 'NoSuchEntityException', message: 'There is no user nobody.' });
  });

  test('is refused with another secret', async () => {
    const wrong = options({ ...keyPair, secretAccessKey: 'wrong' });
    await expect(new STSClient(wrong).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
  });
});

describe('Longshore’s own client', () => {
  const call = { region: 'us-east-1', credentials: keyPair, service: 'longshore', target: 'LongshoreV1.Greet' };

  test('gets the answer', async () => {
    await expect(callJson({ ...call, endpoint: server.url, input: { name: 'ann' } })).resolves.toEqual({
      greeting: 'hello ann',
    });
  });

  test('throws the server’s error', async () => {
    await expect(callJson({ ...call, endpoint: server.url, input: {} })).rejects.toMatchObject({
      name: 'AwsError',
      code: 'ValidationException',
      message: 'name: expected string',
      status: 400,
    });
  });

  test('may repeat an equal call at once, even one that writes', async () => {
    const write = {
      ...call,
      service: 'ecs',
      target: 'AmazonEC2ContainerServiceV20141113.RunTask',
      endpoint: server.url,
    };
    const answers = await Promise.all([1, 2, 3].map(() => callJson({ ...write, input: { taskDefinition: 'same' } })));
    expect(answers).toHaveLength(3);
  });
});

const aws = '/usr/bin/aws';

describe.skipIf(!(await isThere(aws, ['--version'])))('the AWS CLI', () => {
  async function cli(...args: readonly string[]): Promise<unknown> {
    const { stdout } = await run(aws, ['--endpoint-url', server.url, '--output', 'json', ...args], {
      env: environment,
    });
    return stdout === '' ? undefined : (JSON.parse(stdout) as unknown);
  }

  test('calls JSON and query operations', async () => {
    expect(await cli('ecs', 'run-task', '--task-definition', 'cli')).toMatchObject({ tasks: [{ taskArn: 'arn/cli' }] });
    expect(await cli('sts', 'get-caller-identity')).toMatchObject({ Account: '123456789012' });
    expect(await cli('iam', 'list-users')).toMatchObject({ Users: [{ UserName: 'ann', Path: '/<&>/' }] });
  });

  test('shows the code and the message of errors', async () => {
    await expect(cli('ecs', 'run-task', '--task-definition', 'missing')).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /An error occurred \(ClientException\) when calling the RunTask operation: TaskDefinition not found\./,
      ),
    });
    await expect(cli('iam', 'tag-user', '--user-name', 'nobody', '--tags', 'Key=a,Value=b')).rejects.toMatchObject({
      stderr: expect.stringMatching(/\(NoSuchEntity\)/),
    });
    await expect(cli('ecs', 'list-clusters')).rejects.toMatchObject({
      stderr: expect.stringMatching(/\(UnknownOperationException\)/),
    });
  });

  test('carries out both of two equal calls of one second', async () => {
    const before = parts.reached.length;
    await Promise.all([1, 2].map(() => cli('ecs', 'run-task', '--task-definition', 'twice')));
    expect(parts.reached.length - before).toBe(2);
  });
});

describe.skipIf(!(await isThere('python3', ['-c', 'import boto3'])))('boto3', () => {
  async function python(script: string): Promise<unknown> {
    const { stdout } = await run(
      'python3',
      ['-c', `import boto3, json, urllib.request\nurl = '${server.url}'\n${script}`],
      {
        env: environment,
      },
    );
    return JSON.parse(stdout) as unknown;
  }

  test('calls JSON and query operations', async () => {
    const script = `
ecs = boto3.client('ecs', endpoint_url=url)
arn = ecs.run_task(taskDefinition='boto')['tasks'][0]['taskArn']
print(json.dumps([arn, boto3.client('sts', endpoint_url=url).get_caller_identity()['Account']]))`;
    expect(await python(script)).toEqual(['arn/boto', '123456789012']);
  });

  test('raises an error with the code and the message', async () => {
    const script = `
try:
  boto3.client('ecs', endpoint_url=url).run_task(taskDefinition='missing')
except Exception as error:
  print(json.dumps(error.response['Error']))`;
    expect(await python(script)).toEqual({ Code: 'ClientException', Message: 'TaskDefinition not found.' });
  });

  test.each(['GET', 'POST'])('presigns a URL that anyone can use (%s)', async (method) => {
    const script = `
presigned = boto3.client('sts', endpoint_url=url).generate_presigned_url('get_caller_identity', HttpMethod='${method}')
request = urllib.request.Request(presigned, data=None if '${method}' == 'GET' else b'', method='${method}')
print(json.dumps(urllib.request.urlopen(request).read().decode()))`;
    expect(await python(script)).toContain('<Account>123456789012</Account>');
  });
});
