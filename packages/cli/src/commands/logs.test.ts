import { describe, expect, it } from 'vitest';
import { call, type Called, type CallOptions, envFor } from '../testing/call.ts';
import { frame, withEngine } from '../testing/engine.ts';
import { jsonServer } from '../testing/json-server.ts';
import { cluster, taskArn, webTask } from '../testing/samples.ts';

async function logs(
  task: Record<string, unknown>,
  argv: readonly string[],
  options: CallOptions = {},
): Promise<Called> {
  const server = await jsonServer({
    ListClusters: () => ({ clusterArns: [cluster] }),
    ListTasks: () => ({ taskArns: [taskArn] }),
    DescribeTasks: () => ({ tasks: [task] }),
    DescribeTaskDefinition: () => ({ taskDefinition: {} }),
  });
  const called = await call(['logs', '0123', ...argv], { ...options, env: { ...envFor(server.url), ...options.env } });
  await server.close();
  return called;
}

describe('longshore logs', () => {
  it("prints a container's output and errors, each where it belongs", async () => {
    const paths: (string | undefined)[] = [];
    await withEngine(
      (request, response) => {
        paths.push(request.url?.split('?')[0]);
        const body = Buffer.concat([frame(1, 'héllo\n'), frame(2, 'oops\n')]);
        response.end(request.url?.endsWith('/json') ? '{"Config":{}}' : body);
      },
      async (dockerHost) => {
        const called = await logs(webTask(), [], { env: { LONGSHORE_DOCKER_HOST: dockerHost } });
        expect(called).toEqual({ code: 0, out: 'héllo\n', err: 'oops\n' });
      },
    );
    expect(paths).toEqual(['/containers/abc123/json', '/containers/abc123/logs']);
  });

  it('follows until it is interrupted', async () => {
    const interrupt = new AbortController();
    await withEngine(
      (request, response) => {
        if (request.url?.endsWith('/json')) response.end('{"Config":{"Tty":true}}');
        else response.write('first\n');
      },
      async (dockerHost) => {
        const called = await logs(webTask(), ['-f', '--docker-host', dockerHost], {
          interrupt: interrupt.signal,
          onOut: () => interrupt.abort(),
        });
        expect(called).toEqual({ code: 0, out: 'first\n', err: '' });
      },
    );
  });

  it('asks which container, if there are several', async () => {
    const containers = [
      { name: 'a', runtimeId: '1' },
      { name: 'b', runtimeId: '2' },
    ];
    const which = await logs(webTask({ containers }), []);
    expect(which).toMatchObject({
      code: 1,
      err: 'The task has several containers: a, b\nSay which with --container NAME.\n',
    });
    const none = await logs(webTask({ containers }), ['--container', 'c']);
    expect(none.err).toMatch(/has no container c; it has: a, b/);
  });

  it('says why a container never ran', async () => {
    const task = webTask({
      lastStatus: 'STOPPED',
      stoppedReason: 'CannotPullContainerError: not found',
      containers: [{ name: 'web' }],
    });
    expect((await logs(task, [])).err).toMatch(/^It never ran: task \w+: CannotPullContainerError: not found\n$/);
  });
});
