import { afterEach, expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { type JsonServer, jsonServer } from '../testing/json-server.ts';
import { cluster, taskArn, taskId, webTask } from '../testing/samples.ts';

const servers: JsonServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const serviceArn = 'arn:aws:ecs:us-east-1:111122223333:service/default/web';
const otherTask = `${taskArn.slice(0, -1)}0`;

async function serve(): Promise<JsonServer> {
  const server = await jsonServer({
    ListClusters: () => ({ clusterArns: [cluster] }),
    ListServices: () => ({ serviceArns: [serviceArn] }),
    ListTasks: () => ({ taskArns: [taskArn, otherTask] }),
    DescribeTasks: () => ({ tasks: [webTask(), webTask({ taskArn: otherTask })] }),
    StopTask: () => ({ task: {} }),
    UpdateService: () => ({ service: {} }),
    DeleteService: () => ({ service: {} }),
  });
  servers.push(server);
  return server;
}

it('stops a task by its id', async () => {
  const server = await serve();
  const { code, out } = await call(['stop', taskId, '--reason', 'enough'], { env: envFor(server.url) });
  expect({ code, out }).toEqual({ code: 0, out: `task ${taskId} is stopping\n` });
  expect(server.calls.at(-1)).toEqual({
    operation: 'StopTask',
    input: { cluster, task: taskArn, reason: 'enough' },
  });
});

it('asks for more of an id that several tasks begin with', async () => {
  const server = await serve();
  const { code, err } = await call(['stop', '0123'], { env: envFor(server.url) });
  expect(code).toBe(1);
  expect(err).toMatch(/2 tasks begin with 0123: .*\nGive more of the id\./);
});

it('sets a service to 0, and deletes it only when told', async () => {
  const server = await serve();
  const first = await call(['stop', 'web'], { env: envFor(server.url) });
  expect(first.out).toBe('service web is set to 0 tasks\n');
  expect(server.calls.at(-1)).toMatchObject({ operation: 'UpdateService', input: { desiredCount: 0 } });
  const second = await call(['stop', '--delete', 'web'], { env: envFor(server.url) });
  expect(second.out).toBe('service web is deleted\n');
  expect(server.calls.at(-1)).toMatchObject({
    operation: 'DeleteService',
    input: { service: serviceArn, force: true },
  });
});

it('says that nothing is called that', async () => {
  const server = await serve();
  const { code, err } = await call(['stop', 'nothing'], { env: envFor(server.url) });
  expect({ code, err }).toEqual({
    code: 1,
    err: 'There is no service and no running task nothing.\nSee them with: longshore ps\n',
  });
});
