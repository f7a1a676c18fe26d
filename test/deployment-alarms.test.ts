// Deployments that watch an alert of a real Prometheus: it rings, and the version before comes back; it hangs, and nothing is
// taken for silence.
import {
  CreateServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { taskArns } from './support/ecs.ts';
import { copyToRegistry, importBusybox, sleeps } from './support/images.ts';
import { startLongshore, until } from './support/longshore.ts';
import { startPrometheus } from './support/prometheus.ts';
import { registryAuthorization } from './support/push.ts';

const alarmNames = ['TooManyErrors'];

test('an alert that begins to ring while a deployment is under way brings the version before back', async () => {
  await using prometheus = await startPrometheus('TooManyErrors', 1);
  await using longshore = await startLongshore({ args: ['--prometheus', prometheus.url] });
  const { url: endpoint, credentials } = longshore;
  await using cleanUp = new AsyncDisposableStack();
  const ecs = new ECSClient({ endpoint, region: credentials.region, credentials });
  cleanUp.defer(() => ecs.destroy());
  const image = `${longshore.host}/site:1`;
  await importBusybox(image);
  await copyToRegistry(image, await registryAuthorization(longshore));
  const define = async (version: string) => {
    // One that says of itself that it is healthy is not waited for as long as one that may still fail.
    const healthCheck = { command: ['CMD', 'true'], interval: 5 };
    const main = { name: 'main', image, command: [...sleeps, version], memory: 16, stopTimeout: 2, healthCheck };
    const family = { family: 'site', networkMode: 'none' as const };
    const made = await ecs.send(new RegisterTaskDefinitionCommand({ ...family, containerDefinitions: [main] }));
    return made.taskDefinition?.taskDefinitionArn ?? '';
  };
  const [good, bad] = [await define('good'), await define('bad')];
  const deployments = async () => {
    const answer = await ecs.send(new DescribeServicesCommand({ services: ['site'] }));
    return answer.services?.[0]?.deployments ?? [];
  };
  const runs = async (definition: string) => {
    const tasks = await taskArns(ecs, 'RUNNING');
    if (tasks.length === 0) return false;
    const described = await ecs.send(new DescribeTasksCommand({ tasks }));
    return (described.tasks ?? []).some(
      (each) => each.taskDefinitionArn === definition && each.lastStatus === 'RUNNING',
    );
  };
  const latest = async () => {
    const listed = await ecs.send(new ListServiceDeploymentsCommand({ service: 'site' }));
    const serviceDeploymentArns = [listed.serviceDeployments?.[0]?.serviceDeploymentArn ?? ''];
    const answer = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns }));
    return answer.serviceDeployments?.[0];
  };

  const alarms = { alarmNames, enable: true, rollback: true };
  const service = { service: 'site', desiredCount: 1, deploymentConfiguration: { alarms } };
  await ecs.send(new CreateServiceCommand({ ...service, serviceName: 'site', taskDefinition: good }));
  await until('the first version is complete', async () => (await deployments())[0]?.rolloutState === 'COMPLETED');

  await ecs.send(new UpdateServiceCommand({ ...service, taskDefinition: bad }));
  await until('the second version runs', () => runs(bad));
  expect(await latest()).toMatchObject({ status: 'IN_PROGRESS', alarms: { status: 'MONITORING', alarmNames } });
  prometheus.setErrors(5);
  await until('it is rolled back', async () => (await latest())?.status === 'ROLLBACK_SUCCESSFUL');
  expect(await latest()).toMatchObject({ alarms: { status: 'TRIGGERED', triggeredAlarmNames: alarmNames } });
  expect(await deployments()).toMatchObject([{ taskDefinition: good, rolloutState: 'COMPLETED' }]);
  expect([await runs(good), await runs(bad)]).toEqual([true, false]);

  prometheus.hang();
  await ecs.send(new UpdateServiceCommand({ ...service, taskDefinition: bad }));
  await until('the second version is all there is', async () => (await runs(bad)) && !(await runs(good)));
  await until('that is noticed', () => longshore.log().includes('the alarms of Prometheus cannot be read'));
  expect(await latest()).toMatchObject({ status: 'IN_PROGRESS' });
  prometheus.resume();
  // What rings before it is first known says nothing of the deployment.
  await until('the same goes through', async () => (await latest())?.status === 'SUCCESSFUL');
  expect(await runs(bad)).toBe(true);
}, 180_000);
