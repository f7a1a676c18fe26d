import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer } from '../testing/json-server.ts';
import { cluster, now, taskArn, taskId, webTask } from '../testing/samples.ts';

const machine = 'arn:aws:ecs:us-east-1:111122223333:container-instance/default/feedfeedfeedfeed';
const service = 'arn:aws:ecs:us-east-1:111122223333:service/default/web';

function answer(kind: string, arn: string): Record<string, unknown> {
  return {
    kind,
    arn,
    taskDefinitionArn: 'arn:aws:ecs:us-east-1:111122223333:task-definition/web:1',
    state: ['2 desired, 1 running, 0 on their way.'],
    demand: { cpu: 1, memory: 512 },
    fits: 1,
    instances: 2,
    reasons: { 'RESOURCE:MEMORY': 1 },
    answers: [
      { arn: machine, reasons: [{ reason: 'RESOURCE:MEMORY', detail: '512 MiB are needed, 100 are left' }] },
      { arn: `${machine}2`, reasons: [] },
    ],
  };
}

function serve() {
  return jsonServer({
    ListClusters: () => ({ clusterArns: [cluster] }),
    ListServices: () => ({ serviceArns: [service] }),
    ListTasks: () => ({ taskArns: [taskArn] }),
    DescribeTasks: () => ({ tasks: [webTask()] }),
    ExplainPlacement: (input) =>
      input['service'] === undefined ? answer('task', taskArn) : answer('service', service),
  });
}

it('says for each machine what keeps a task of a service from it', async () => {
  const server = await serve();
  const { out, code } = await call(['why', 'web'], { env: envFor(server.url), now });
  await server.close();
  expect(code).toBe(0);
  expect(out).toBe(
    'service web, definition web:1\n2 desired, 1 running, 0 on their way.\n' +
      'A task of it would fit on 1 of 2 machines now.\nAgainst: RESOURCE:MEMORY 1.\n\n' +
      'MACHINE       FITS  WHY NOT\n' +
      'feedfeedfeed  no    512 MiB are needed, 100 are left\n' +
      'feedfeedfeed  yes\n',
  );
});

it('finds a task by the beginning of its id, and asks for a definition', async () => {
  const server = await serve();
  await call(['why', taskId.slice(0, 6), '--json'], { env: envFor(server.url), now });
  await call(['why', '--definition', 'web:3'], { env: envFor(server.url), now });
  const wrong = await call(['why'], { env: envFor(server.url), now });
  await server.close();
  const asked = server.calls.filter((each) => each.operation === 'ExplainPlacement').map((each) => each.input);
  expect(asked).toEqual([{ cluster, task: taskArn }, { taskDefinition: 'web:3' }]);
  expect(wrong.code).not.toBe(0);
  expect(wrong.err).toContain('Name a task or a service');
});
