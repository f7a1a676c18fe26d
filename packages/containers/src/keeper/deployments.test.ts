// Deployments end to end: daemons, the circuit breaker, stopping a deployment, its history, and task protection.
import {
  ContinueServiceDeploymentCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  GetTaskProtectionCommand,
  ListServiceDeploymentsCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Service,
  StopServiceDeploymentCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
  UpdateServiceCommand,
  UpdateTaskProtectionCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { obedientAgent } from '../testing/fake-agent.ts';
import { type Harness, openHarness, until } from '../testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'deployments on %s',
  (_name, backEnd) => {
    let harness: Harness;
    beforeAll(async () => {
      harness = await openHarness({ backEnd, settleMs: 50 });
      for (let at = 0; at < 3; at++) await obedientAgent(harness);
      const register = (family: string, image: string, count: number) =>
        Promise.all(
          Array.from({ length: count }, () =>
            harness.client.send(
              new RegisterTaskDefinitionCommand({
                family,
                containerDefinitions: [{ name: 'main', image, memory: 32 }],
              }),
            ),
          ),
        );
      await register('web', 'busybox', 2);
      await register('broken', 'never-runs', 1);
    });
    afterAll(() => harness.close());

    async function create(input: Partial<CreateServiceCommandInput> & { serviceName: string }): Promise<Service> {
      const { service } = await harness.client.send(new CreateServiceCommand({ taskDefinition: 'web:1', ...input }));
      if (service === undefined) throw new Error('no service');
      return service;
    }
    async function look(name: string): Promise<Service> {
      const { services } = await harness.client.send(new DescribeServicesCommand({ services: [name] }));
      if (services?.[0] === undefined) throw new Error('no such service');
      return services[0];
    }
    async function tasksOf(serviceName: string) {
      const { taskArns: tasks = [] } = await harness.client.send(new ListTasksCommand({ serviceName }));
      return tasks.length === 0 ? [] : ((await harness.client.send(new DescribeTasksCommand({ tasks }))).tasks ?? []);
    }
    async function deploymentsOf(service: string) {
      const { serviceDeployments = [] } = await harness.client.send(new ListServiceDeploymentsCommand({ service }));
      const arns = serviceDeployments.map((each) => each.serviceDeploymentArn ?? '');
      const found = await harness.client.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns }));
      return arns.map((arn) => found.serviceDeployments?.find((each) => each.serviceDeploymentArn === arn));
    }
    const completed = (name: string) =>
      until(async () => {
        const service = await look(name);
        const [primary] = service.deployments ?? [];
        return service.deployments?.length === 1 && primary?.rolloutState === 'COMPLETED' ? service : undefined;
      }, 20_000);
    const remove = (service: string) =>
      harness.client.send(new DeleteServiceCommand({ service, force: true })).then(() => undefined);
    const breaker = { deploymentCircuitBreaker: { enable: true, rollback: true } };

    test('a daemon has one task on each instance, follows new ones, and leaves a draining one last', async () => {
      const made = await create({ serviceName: 'logs', schedulingStrategy: 'DAEMON' });
      expect(made).toMatchObject({ schedulingStrategy: 'DAEMON', availabilityZoneRebalancing: 'DISABLED' });
      expect(made.deploymentConfiguration).toMatchObject({ minimumHealthyPercent: 0, maximumPercent: 100 });
      const service = await completed('logs');
      expect(service).toMatchObject({ desiredCount: 3, runningCount: 3 });
      expect(new Set((await tasksOf('logs')).map((task) => task.containerInstanceArn)).size).toBe(3);
      const fourth = await obedientAgent(harness);
      await until(async () => ((await look('logs')).runningCount === 4 ? true : undefined));

      const { tasks: others = [] } = await harness.client.send(
        new RunTaskCommand({ taskDefinition: 'web:1', count: 4 }),
      );
      const [other] = others;
      const instance = other?.containerInstanceArn ?? '';
      const setState = (status: 'ACTIVE' | 'DRAINING', containerInstance: string) =>
        harness.client.send(
          new UpdateContainerInstancesStateCommand({ containerInstances: [containerInstance], status }),
        );
      await setState('DRAINING', instance);
      await until(async () => ((await look('logs')).desiredCount === 3 ? true : undefined));
      expect((await tasksOf('logs')).some((task) => task.containerInstanceArn === instance)).toBe(true);
      for (const task of others) await harness.client.send(new StopTaskCommand({ task: task.taskArn ?? '' }));
      await until(async () =>
        (await tasksOf('logs')).every((task) => task.containerInstanceArn !== instance) ? true : undefined,
      );
      await setState('ACTIVE', instance);
      await until(async () => ((await look('logs')).runningCount === 4 ? true : undefined));

      await harness.client.send(new UpdateServiceCommand({ service: 'logs', taskDefinition: 'web:2' }));
      await completed('logs');
      expect((await tasksOf('logs')).every((task) => task.taskDefinitionArn?.endsWith('web:2'))).toBe(true);
      const { serviceArns } = await harness.client.send(new ListServicesCommand({ schedulingStrategy: 'DAEMON' }));
      expect(serviceArns).toEqual([service.serviceArn]);
      const update = (input: object) => harness.client.send(new UpdateServiceCommand({ service: 'logs', ...input }));
      await expect(update({ desiredCount: 2 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
      await setState('DRAINING', fourth.instanceArn);
      await until(async () => ((await look('logs')).runningCount === 3 ? true : undefined));
      await harness.client.send(new DeleteServiceCommand({ service: 'logs' }));
      await until(async () => ((await look('logs')).status === 'INACTIVE' ? true : undefined));
    }, 60_000);

    test('the circuit breaker rolls back to the deployment that completed last', async () => {
      await create({ serviceName: 'site', desiredCount: 2, deploymentConfiguration: breaker });
      const before = await completed('site');
      const good = before.deployments?.[0]?.id ?? '';
      const tasks = (await tasksOf('site')).map((task) => task.taskArn);
      const updated = await harness.client.send(
        new UpdateServiceCommand({ service: 'site', taskDefinition: 'broken:1' }),
      );
      const bad = updated.service?.deployments?.[0]?.id ?? '';
      const after = await until(async () => {
        const service = await look('site');
        const [primary] = service.deployments ?? [];
        return service.deployments?.length === 1 && primary?.id === good && primary.rolloutState === 'COMPLETED'
          ? service
          : undefined;
      }, 30_000);
      expect(after.taskDefinition).toMatch(/web:1$/);
      expect(after.runningCount).toBe(2);
      // Those that served all the time serve still.
      expect((await tasksOf('site')).map((task) => task.taskArn)).toEqual(tasks);
      const said = after.events?.map((each) => each.message) ?? [];
      expect(said).toContain(`(service site) (deployment ${bad}) deployment failed: tasks failed to start.`);
      expect(said).toContain(`(service site) rolling back to deployment ${good}.`);
      const [failed, first] = await deploymentsOf('site');
      expect(failed).toMatchObject({
        status: 'ROLLBACK_SUCCESSFUL',
        deploymentCircuitBreaker: { status: 'TRIGGERED', threshold: 3 },
        rollback: { serviceRevisionArn: first?.targetServiceRevision?.arn },
        sourceServiceRevisions: [{ arn: first?.targetServiceRevision?.arn }],
      });
      expect(first).toMatchObject({ status: 'SUCCESSFUL', targetServiceRevision: { runningTaskCount: 2 } });
      await remove('site');
    }, 60_000);

    test('without a deployment to go back to, one that fails stays where it is', async () => {
      await create({
        serviceName: 'first',
        taskDefinition: 'broken:1',
        desiredCount: 1,
        deploymentConfiguration: {
          deploymentCircuitBreaker: {
            enable: true,
            rollback: true,
            thresholdConfiguration: { type: 'COUNT', value: 2 },
          },
        },
      });
      const service = await until(async () => {
        const found = await look('first');
        return found.deployments?.[0]?.rolloutState === 'FAILED' ? found : undefined;
      }, 20_000);
      expect(service.deployments?.[0]).toMatchObject({
        failedTasks: 2,
        rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
      });
      const [stopped] = await deploymentsOf('first');
      expect(stopped?.status).toBe('STOPPED');
      expect(stopped?.rollback).toBeUndefined();
      await harness.client.send(new UpdateServiceCommand({ service: 'first', taskDefinition: 'web:1' }));
      await completed('first');
      await remove('first');
    }, 40_000);

    test('a deployment can be stopped, which rolls it back', async () => {
      await create({ serviceName: 'stop', desiredCount: 1 });
      await completed('stop');
      await harness.client.send(new UpdateServiceCommand({ service: 'stop', taskDefinition: 'broken:1' }));
      const [running, first] = await deploymentsOf('stop');
      const arn = running?.serviceDeploymentArn ?? '';
      expect(running?.status).toBe('IN_PROGRESS');
      const stopIt = (serviceDeploymentArn: string) =>
        harness.client.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' }));
      await stopIt(arn);
      await until(async () => ((await deploymentsOf('stop'))[0]?.status === 'ROLLBACK_SUCCESSFUL' ? true : undefined));
      expect((await completed('stop')).taskDefinition).toMatch(/web:1$/);
      await expect(stopIt(arn)).rejects.toMatchObject({ name: 'ConflictException' });
      await expect(stopIt(`${arn}x`)).rejects.toMatchObject({ name: 'ServiceDeploymentNotFoundException' });

      const revision = first?.targetServiceRevision?.arn ?? '';
      const revisions = await harness.client.send(
        new DescribeServiceRevisionsCommand({ serviceRevisionArns: [revision, `${revision}1`] }),
      );
      expect(revisions.serviceRevisions).toMatchObject([
        {
          serviceRevisionArn: revision,
          launchType: 'EC2',
          containerImages: [{ containerName: 'main', image: 'busybox' }],
        },
      ]);
      expect(revisions.failures).toEqual([{ arn: `${revision}1`, reason: 'MISSING' }]);
      const foreign = await harness.stranger.send(
        new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
      );
      expect(foreign.failures).toEqual([{ arn, reason: 'MISSING' }]);
      const listed = await harness.client.send(
        new ListServiceDeploymentsCommand({ service: 'stop', status: ['SUCCESSFUL'], maxResults: 1 }),
      );
      expect(listed.serviceDeployments?.map((each) => each.targetServiceRevisionArn)).toEqual([revision]);
      const pages: (string | undefined)[] = [];
      let nextToken: string | undefined;
      do {
        const page = await harness.client.send(
          new ListServiceDeploymentsCommand({ service: 'stop', maxResults: 1, nextToken }),
        );
        pages.push(...(page.serviceDeployments ?? []).map((each) => each.serviceDeploymentArn));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      expect(pages).toEqual([arn, first?.serviceDeploymentArn]);
      await remove('stop');
    }, 40_000);

    test('a protected task is stopped neither by scaling in nor by a deployment', async () => {
      await create({ serviceName: 'jobs', desiredCount: 3 });
      await waitUntilServicesStable(
        { client: harness.client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
        {
          services: ['jobs'],
        },
      );
      await completed('jobs');
      const [first, second] = (await tasksOf('jobs')).map((task) => task.taskArn ?? '');
      const protect = (protectionEnabled: boolean, expiresInMinutes?: number, tasks = [first ?? '']) =>
        harness.client.send(
          new UpdateTaskProtectionCommand({ cluster: 'default', tasks, protectionEnabled, expiresInMinutes }),
        );
      const { protectedTasks } = await protect(true, 5);
      expect(protectedTasks?.[0]).toMatchObject({ taskArn: first, protectionEnabled: true });
      const left = (protectedTasks?.[0]?.expirationDate?.getTime() ?? 0) - Date.now();
      expect(Math.abs(left - 5 * 60_000)).toBeLessThan(30_000);
      await harness.client.send(new UpdateServiceCommand({ service: 'jobs', desiredCount: 1 }));
      await until(async () => ((await tasksOf('jobs')).length === 1 ? true : undefined));
      expect((await tasksOf('jobs'))[0]?.taskArn).toBe(first);
      await harness.client.send(new UpdateServiceCommand({ service: 'jobs', taskDefinition: 'web:2' }));
      await until(async () => ((await look('jobs')).deployments?.[0]?.runningCount === 1 ? true : undefined));
      const state = () =>
        harness.client.send(new GetTaskProtectionCommand({ cluster: 'default', tasks: [first ?? ''] }));
      expect((await state()).protectedTasks?.[0]).toMatchObject({ protectionEnabled: true });
      expect((await tasksOf('jobs')).map((task) => task.taskArn)).toContain(first);
      await protect(false);
      await completed('jobs');
      expect((await tasksOf('jobs')).map((task) => task.taskArn)).not.toContain(first);

      const { tasks: alone } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'web:1' }));
      const none = await protect(true, undefined, [alone?.[0]?.taskArn ?? '', 'nothing', second ?? '']);
      expect(none.failures?.map((each) => each.reason)).toEqual(['TASK_NOT_VALID', 'MISSING', 'TASK_NOT_VALID']);
      await expect(protect(true, 3000)).rejects.toMatchObject({ name: 'InvalidParameterException' });
      await remove('jobs');
    }, 60_000);

    test('a service at rest moves tasks to an instance that joins, one at a time', async () => {
      const own = await openHarness({ backEnd, settleMs: 50 });
      const first = await obedientAgent(own);
      await own.client.send(
        new RegisterTaskDefinitionCommand({
          family: 'web',
          containerDefinitions: [{ name: 'main', image: 'busybox', memory: 32 }],
        }),
      );
      const input = { serviceName: 'wide', taskDefinition: 'web', desiredCount: 4 };
      const { service } = await own.client.send(new CreateServiceCommand(input));
      expect(service?.availabilityZoneRebalancing).toBe('ENABLED');
      const spread = async () => {
        const { taskArns: tasks = [] } = await own.client.send(new ListTasksCommand({ serviceName: 'wide' }));
        if (tasks.length === 0) return [];
        const described = await own.client.send(new DescribeTasksCommand({ tasks }));
        return (described.tasks ?? []).map((task) => task.containerInstanceArn ?? '');
      };
      await until(async () => ((await spread()).length === 4 ? true : undefined));
      const second = await obedientAgent(own);
      const counts = await until(async () => {
        const where = await spread();
        const on = (arn: string) => where.filter((each) => each === arn).length;
        expect(where.length).toBeLessThanOrEqual(5);
        return where.length === 4 && on(second.instanceArn) === 2 ? on(first.instanceArn) : undefined;
      }, 30_000);
      expect(counts).toBe(2);
      await own.close();
    }, 60_000);

    test('a blue/green deployment waits at its hook with both revisions, then goes on or back', async () => {
      const hook = { targetType: 'PAUSE' as const, lifecycleStages: ['POST_SCALE_UP' as const] };
      const deploymentConfiguration = {
        strategy: 'BLUE_GREEN' as const,
        bakeTimeInMinutes: 0,
        lifecycleHooks: [hook],
      };
      await create({ serviceName: 'bg', desiredCount: 2 });
      await completed('bg');
      const update = (taskDefinition: string, more: object = {}) =>
        harness.client.send(new UpdateServiceCommand({ service: 'bg', taskDefinition, ...more }));
      const atHook = () =>
        until(async () => {
          const [newest] = await deploymentsOf('bg');
          const pause = newest?.lifecycleHookDetails?.find((each) => each.status === 'AWAITING_ACTION');
          return pause && newest ? { newest, hookId: pause.hookId ?? '' } : undefined;
        }, 20_000);
      const answer = (arn: string | undefined, hookId: string, action: 'CONTINUE' | 'ROLLBACK') =>
        harness.client.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn ?? '', hookId, action }));
      const { service } = await update('web:2', { deploymentConfiguration });
      expect(service?.deploymentConfiguration).toMatchObject({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0 });
      const first = await atHook();
      expect(first.newest).toMatchObject({ lifecycleStage: 'POST_SCALE_UP', status: 'IN_PROGRESS' });
      expect((await look('bg')).runningCount).toBe(4);
      await expect(update('web:1')).rejects.toMatchObject({ name: 'ClientException' });
      await answer(first.newest.serviceDeploymentArn, first.hookId, 'CONTINUE');
      await completed('bg');
      expect((await tasksOf('bg')).every((task) => task.taskDefinitionArn?.endsWith('web:2'))).toBe(true);
      expect((await deploymentsOf('bg'))[0]?.status).toBe('SUCCESSFUL');

      await update('web:1');
      const second = await atHook();
      await answer(second.newest.serviceDeploymentArn, second.hookId, 'ROLLBACK');
      expect((await completed('bg')).taskDefinition).toMatch(/web:2$/);
      expect((await deploymentsOf('bg'))[0]?.status).toBe('ROLLBACK_SUCCESSFUL');
      await expect(answer(second.newest.serviceDeploymentArn, second.hookId, 'CONTINUE')).rejects.toMatchObject({
        name: 'InvalidParameterException',
      });
      const lambda = { hookTargetArn: 'arn:aws:lambda:x', lifecycleStages: ['POST_SCALE_UP' as const] };
      await expect(
        update('web:1', { deploymentConfiguration: { ...deploymentConfiguration, lifecycleHooks: [lambda] } }),
      ).rejects.toMatchObject({ name: 'UnsupportedFeatureException' });
      await remove('bg');
    }, 60_000);
  },
);
