// The control socket's protocol: who may connect, the manifest, delivery and redelivery, stop verification, bounds.
import {
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectAgent, openAgentSocket, registerInstance } from '../testing/fake-agent.ts';
import { type Harness, openHarness, otherKey, until } from '../testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'the control socket on %s',
  (_n, backEnd) => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await openHarness({ backEnd });
      const container = { name: 'main', image: 'busybox', memory: 64 };
      await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions: [container] }));
    });
    afterEach(() => harness.close());

    async function runOne(): Promise<string> {
      const { tasks } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
      return tasks?.[0]?.taskArn ?? '';
    }
    async function isConnected(arn: string): Promise<boolean> {
      const command = new DescribeContainerInstancesCommand({ containerInstances: [arn] });
      return (await harness.client.send(command)).containerInstances?.[0]?.agentConnected ?? false;
    }
    async function refusal(opening: Promise<unknown>): Promise<string> {
      const thrown = await opening.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!error(thrown)) throw new Error('it was not refused');
      return (JSON.parse(thrown.message) as { __type: string }).__type;
    }
    function error(value: unknown): value is Error {
      return value instanceof Error;
    }

    test('only an active instance of the caller may connect', async () => {
      const arn = await registerInstance(harness);
      const query = (instance: string, cluster = 'default') => ({
        clusterArn: cluster,
        containerInstanceArn: instance,
      });
      expect(await refusal(openAgentSocket(harness, 'acs', {}))).toBe('InvalidInstanceException');
      expect(await refusal(openAgentSocket(harness, 'acs', query(`${arn}0`)))).toBe('InvalidInstanceException');
      expect(await refusal(openAgentSocket(harness, 'acs', query(arn, 'other')))).toBe('InvalidInstanceException');
      expect(await refusal(openAgentSocket(harness, 'acs', query(arn), otherKey))).toBe('InvalidInstanceException');
      await harness.client.send(new DeregisterContainerInstanceCommand({ containerInstance: arn }));
      expect(await refusal(openAgentSocket(harness, 'acs', query(arn)))).toBe('InactiveInstanceException');
    });

    test('a connection shows as such, and its manifest grows in time', async () => {
      const arn = await registerInstance(harness);
      const first = await connectAgent(harness, arn);
      await until(async () => ((await isConnected(arn)) ? true : undefined));
      const manifest = await first.frame('TaskManifestMessage');
      expect(manifest.message).toMatchObject({ containerInstanceArn: arn, tasks: [] });
      await first.frame('HeartbeatMessage', (frame) => frame.message.healthy);
      const closed = new Promise<number>((resolve) => first.socket.once('close', (code) => resolve(code)));
      const second = await connectAgent(harness, arn);
      expect(await closed).toBe(1001);
      const later = await second.frame('TaskManifestMessage');
      expect(later.message.timeline).toBeGreaterThan(manifest.message.timeline);
      // The end of the older connection must not hide the newer one.
      const task = await runOne();
      await second.take(task);
      expect(await isConnected(arn)).toBe(true);
      await second.close();
      await until(async () => ((await isConnected(arn)) ? undefined : true));
    });

    test('what was not acknowledged is delivered again at the next connect, what was is not', async () => {
      const arn = await registerInstance(harness);
      const first = await connectAgent(harness, arn);
      const [acked, unacked] = [await runOne(), await runOne()];
      await first.take(acked);
      const payload = await first.frame('PayloadMessage', (frame) => frame.message.tasks[0]?.arn === unacked);
      const manifest = await first.frame('TaskManifestMessage');
      expect(payload.message.seqNum).toBeLessThanOrEqual(manifest.message.timeline);
      await until(() => undeliveredCount(1));
      await first.close();
      const second = await connectAgent(harness, arn);
      const again = await second.frame('TaskManifestMessage');
      expect(again.message.tasks.map((each) => each.taskArn)).toEqual([acked, unacked].toSorted());
      await second.take(unacked);
      await until(() => undeliveredCount(0));
      const given = second.frames.filter((each) => each.type === 'PayloadMessage');
      expect(given.map((each) => each.message.tasks[0]?.arn)).toEqual([unacked]);
    });

    async function undeliveredCount(count: number): Promise<true | undefined> {
      const row = await harness.store.get<{ n: number }>(
        sql`SELECT COUNT(*) AS n FROM ecs_tasks WHERE undelivered = 1`,
      );
      return Number(row?.n) === count ? true : undefined;
    }

    test('a stop reaches an agent that was away', async () => {
      const arn = await registerInstance(harness);
      const first = await connectAgent(harness, arn);
      const task = await runOne();
      await first.take(task);
      await until(() => undeliveredCount(0));
      await first.report(task, 'RUNNING');
      await first.close();
      await harness.client.send(new StopTaskCommand({ task }));
      const second = await connectAgent(harness, arn);
      const manifest = await second.frame('TaskManifestMessage');
      expect(manifest.message.tasks[0]?.desiredStatus).toBe('STOPPED');
      await second.take(task, 'STOPPED');
      await second.report(task, 'STOPPED');
      const { tasks } = await harness.client.send(new DescribeTasksCommand({ tasks: [task] }));
      expect(tasks?.[0]?.lastStatus).toBe('STOPPED');
    });

    test('of the tasks that an agent asks about, only those are stopped that should be', async () => {
      const arn = await registerInstance(harness);
      const agent = await connectAgent(harness, arn);
      const other = await connectAgent(harness, await registerInstance(harness));
      const [wanted, stopped] = [await runOne(), await runOne()];
      for (const task of [wanted, stopped]) await agentOf(task).then((each) => each.take(task));
      async function agentOf(task: string) {
        const { tasks } = await harness.client.send(new DescribeTasksCommand({ tasks: [task] }));
        return tasks?.[0]?.containerInstanceArn === arn ? agent : other;
      }
      const mine = await agentOf(wanted);
      await mine.report(stopped, 'STOPPED');
      const unknown = 'arn:aws:ecs:us-east-1:123456789012:task/default/unknown';
      const candidate = (taskArn: string) => ({ taskArn, taskClusterArn: 'c', desiredStatus: 'STOPPED' });
      const manifest = await mine.frame('TaskManifestMessage');
      mine.send('TaskStopVerificationMessage', {
        messageId: manifest.message.messageId,
        stopCandidates: [candidate(wanted), candidate(stopped), candidate(unknown)],
      });
      const answer = await mine.frame('TaskStopVerificationAck');
      expect(answer.message.messageId).toBe(manifest.message.messageId);
      expect(answer.message.stopTasks.map((each) => each.taskArn)).toEqual([stopped, unknown]);
      const foreign = mine === agent ? other : agent;
      foreign.send('TaskStopVerificationMessage', { messageId: 'm', stopCandidates: [candidate(wanted)] });
      const theirs = await foreign.frame('TaskStopVerificationAck');
      expect(theirs.message.stopTasks.map((each) => each.taskArn)).toEqual([wanted]);
    });

    test('unknown and malformed messages are ignored, frames beyond the bound end the connection', async () => {
      const arn = await registerInstance(harness);
      const agent = await connectAgent(harness, arn);
      agent.send('SomethingNew', { a: 1 });
      agent.socket.send('not json');
      agent.socket.send('[]');
      agent.send('AckRequest', { messageId: 7 });
      const task = await runOne();
      await agent.take(task);
      const closed = new Promise<number>((resolve) => agent.socket.once('close', (code) => resolve(code)));
      agent.socket.send('x'.repeat(1024 * 1024 + 1));
      expect([1006, 1009]).toContain(await closed);
      await until(async () => ((await isConnected(arn)) ? undefined : true));
    });

    test('more tasks at once than may be under way reach the agent, each of them once', async () => {
      const arn = await registerInstance(harness, { memory: 150 * 64 });
      const agent = await connectAgent(harness, arn);
      agent.socket.on('message', () => {
        const frame = agent.frames.at(-1);
        if (frame?.type !== 'PayloadMessage') return;
        const { messageId, clusterArn: cluster } = frame.message;
        agent.send('AckRequest', { messageId, cluster, containerInstance: arn });
      });
      const launches = Array.from({ length: 15 }, () =>
        harness.client.send(new RunTaskCommand({ taskDefinition: 'f', count: 10 })),
      );
      const arns = (await Promise.all(launches)).flatMap(({ tasks = [] }) => tasks.map((task) => task.taskArn ?? ''));
      expect(arns).toHaveLength(150);
      await until(() => undeliveredCount(0), 20_000);
      const given = agent.frames.filter((each) => each.type === 'PayloadMessage');
      expect(given.map((each) => each.message.tasks[0]?.arn ?? '').toSorted()).toEqual(arns.toSorted());
    });

    test('the slow poll delivers what another replica placed', async () => {
      const arn = await registerInstance(harness);
      const agent = await connectAgent(harness, arn);
      const task = await runOne();
      await agent.take(task);
      await until(() => undeliveredCount(0));
      // As another replica would: the row only, nobody wakes this session.
      await harness.store.write([
        {
          sql: sql`UPDATE ecs_tasks SET desired_status = 'STOPPED', undelivered = 1, version = version + 1 WHERE arn = ${task}`,
        },
      ]);
      expect((await agent.take(task, 'STOPPED')).arn).toBe(task);
    });

    test('closing the agents says that the server goes away and leaves the tasks', async () => {
      const arn = await registerInstance(harness);
      const agent = await connectAgent(harness, arn);
      const task = await runOne();
      await agent.take(task);
      const closed = new Promise<number>((resolve) => agent.socket.once('close', (code) => resolve(code)));
      await harness.containers.closeAgents();
      expect(await closed).toBe(1001);
      expect(await isConnected(arn)).toBe(false);
      const { tasks } = await harness.client.send(new DescribeTasksCommand({ tasks: [task] }));
      expect(tasks?.[0]?.desiredStatus).toBe('RUNNING');
    });
  },
);

describe('access to the sockets', () => {
  test('without ecs:Poll an agent is refused', async () => {
    const [backEnd] = testStores();
    if (backEnd === undefined) throw new Error('no store');
    const harness = await openHarness({ backEnd, denied: ['ecs:Poll', 'ecs:StartTelemetrySession'] });
    const arn = await registerInstance(harness);
    const acs = openAgentSocket(harness, 'acs', { clusterArn: 'default', containerInstanceArn: arn });
    await expect(acs).rejects.toThrow('AccessDeniedException');
    const tcs = openAgentSocket(harness, 'tcs', { cluster: 'default', containerInstance: arn });
    await expect(tcs).rejects.toThrow('AccessDeniedException');
    await harness.close();
  });
});
