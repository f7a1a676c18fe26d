// What the tests ask the Docker Engine themselves, apart from the product's own client.
import { request } from 'node:http';

export interface TaskContainer {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly taskArn: string;
  readonly containerName: string;
}

export interface Inspection {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: {
    readonly Env: readonly string[];
    readonly Cmd: readonly string[] | null;
    readonly User: string;
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: {
    readonly Memory: number;
    readonly CpuShares: number;
    readonly Binds: readonly string[] | null;
  };
}

interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

function engine<T>(method: string, path: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: '/var/run/docker.sock', method, path, timeout: 60_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if ((response.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        else resolve((text === '' ? undefined : JSON.parse(text)) as T);
      });
    });
    call.on('error', reject);
    call.end();
  });
}

export const docker = {
  /** Containers, running or not, that carry the label of a task of `account`. */
  async taskContainers(account: string): Promise<TaskContainer[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: ['com.amazonaws.ecs.task-arn'] }));
    const listed = await engine<ListedContainer[]>('GET', `/containers/json?all=1&filters=${filters}`);
    return listed
      .map((each) => ({
        id: each.Id,
        name: each.Names[0] ?? '',
        state: each.State,
        taskArn: each.Labels['com.amazonaws.ecs.task-arn'] ?? '',
        containerName: each.Labels['com.amazonaws.ecs.container-name'] ?? '',
      }))
      .filter((each) => each.taskArn.includes(`:${account}:`));
  },
  inspect: (id: string) => engine<Inspection>('GET', `/containers/${id}/json`),
  remove: (id: string) => engine<unknown>('DELETE', `/containers/${id}?force=1&v=1`).catch(() => undefined),
  removeImage: (name: string) =>
    engine<unknown>('DELETE', `/images/${encodeURIComponent(name)}?force=1`).catch(() => undefined),
};
