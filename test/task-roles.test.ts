// Roles of tasks, in every network mode: a container gets its task's keys and metadata at 169.254.170.2, the AWS SDK finds the
// keys by itself, they are good for what the role may, and no other machine reaches the endpoint.
import { type NetworkMode, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { describeTask, runTask } from './support/ecs.ts';
import { root, until } from './support/longshore.ts';
import { type Machine, type Machines, startMachines, whyNoMachines } from './support/machines.ts';

const statement = (more: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });

interface Keys {
  readonly RoleArn: string;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
}

async function makeRole(machines: Machines): Promise<string> {
  const { longshore } = machines;
  const { region } = longshore.credentials;
  const iam = new IAMClient({ endpoint: longshore.url, region, credentials: longshore.credentials });
  const trust = statement({ Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'app', AssumeRolePolicyDocument: trust }));
  const policy = statement({ Action: 'ecs:ListClusters', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'p', PolicyDocument: policy }));
  iam.destroy();
  return Role?.Arn ?? '';
}

/** Runs a task that writes its keys and the metadata of its task, a line each, and gives both with the container's id. */
async function ask(
  machines: Machines,
  machine: Machine,
  definition: { image: string; role: string; mode: NetworkMode },
) {
  const { ecs } = machines;
  const { image, role, mode } = definition;
  const script =
    'wget -qO- http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; echo; ' +
    'wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task; echo; echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; exec sleep 3600';
  const container = { name: 'main', image, command: ['sh', '-c', script], memory: 32, stopTimeout: 2 };
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: `asks-${mode}`,
      networkMode: mode,
      taskRoleArn: role,
      containerDefinitions: [container],
    }),
  );
  const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } };
  const arn = await runTask(ecs, taskDefinition?.taskDefinitionArn, mode === 'awsvpc' ? { networkConfiguration } : {});
  const lines = await until(`the task in ${mode} mode has written`, async () => {
    const [own] = await machine.containers(
      `com.amazonaws.ecs.task-arn=${arn}`,
      'com.amazonaws.ecs.container-name=main',
    );
    if (own === undefined) return undefined;
    const text = (await machine.docker('logs', own.id)).split('\n');
    return text.length > 3 && text;
  });
  const described = await describeTask(ecs, arn);
  const [keys = '{}', metadata = '{}', path = ''] = lines;
  return { arn, keys: JSON.parse(keys) as Keys, metadata: JSON.parse(metadata) as object, path, described };
}

test.skipIf(whyNoMachines)(
  'a task has the keys of its role in bridge, host and awsvpc mode, and the SDK uses them',
  async () => {
    await using machines = await startMachines({ count: 1 });
    const [machine] = machines.all;
    if (machine === undefined) throw new Error('no machine');
    const role = await makeRole(machines);
    const image = await machines.pushBusybox('asks:1');
    const { url, credentials } = machines.longshore;
    const { region } = credentials;
    const seen: string[] = [];
    let path = '';
    for (const mode of ['bridge', 'host', 'awsvpc'] as const) {
      const asked = await ask(machines, machine, { image, role, mode });
      expect(asked.keys).toMatchObject({ RoleArn: role, AccessKeyId: expect.stringMatching(/^ASIA/) });
      expect(Date.parse(asked.keys.Expiration)).toBeGreaterThan(Date.now() + 3_600_000);
      expect(asked.metadata).toMatchObject({ TaskARN: asked.arn, Containers: [{ Networks: [{ NetworkMode: mode }] }] });
      const sts = new STSClient({
        endpoint: url,
        region,
        credentials: {
          accessKeyId: asked.keys.AccessKeyId,
          secretAccessKey: asked.keys.SecretAccessKey,
          sessionToken: asked.keys.Token,
        },
      });
      const caller = await sts.send(new GetCallerIdentityCommand({}));
      sts.destroy();
      const session = asked.arn.slice(asked.arn.lastIndexOf('/') + 1);
      expect(caller.Arn).toBe(`arn:aws:sts::${credentials.account}:assumed-role/app/${session}`);
      seen.push(asked.keys.AccessKeyId);
      path = asked.path;
    }
    expect(new Set(seen).size).toBe(3);

    // The SDK as it is, with nothing but what a container has: what the role may it does, what it may not is refused.
    const program = `
      import { ECSClient, ListClustersCommand, CreateClusterCommand } from '@aws-sdk/client-ecs';
      const ecs = new ECSClient({ maxAttempts: 1 });
      const { clusterArns } = await ecs.send(new ListClustersCommand({}));
      const refused = await ecs.send(new CreateClusterCommand({ clusterName: 'x' })).catch((error) => error.name);
      console.log(JSON.stringify({ clusters: clusterArns.length, refused }));`;
    const given = [`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=${path}`, `AWS_ENDPOINT_URL=${url}`, `AWS_REGION=${region}`];
    const where = ['-C', root, 'HOME=/nonexistent', `PATH=${process.env.PATH}`];
    const runs = () =>
      machine.exec('env', '-i', ...where, ...given, process.execPath, '--input-type=module', '-e', program);
    expect(JSON.parse((await runs()).stdout || '{}')).toEqual({ clusters: 1, refused: 'AccessDeniedException' });

    // An agent that was killed keeps no keys; it is given them again.
    await machine.stopAgent('SIGKILL');
    machine.startAgent();
    await machines.connected();
    await until('the keys are there again', async () => (await runs()).stdout.includes('"clusters":1'));
  },
  180_000,
);
