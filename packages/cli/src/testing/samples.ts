// For tests: a cluster with one task, as ECS and the measurements say it.

export const cluster = 'arn:aws:ecs:us-east-1:111122223333:cluster/default';
export const taskId = '0123456789abcdef0123456789abcdef';
export const taskArn = `arn:aws:ecs:us-east-1:111122223333:task/default/${taskId}`;
export const now = 1_700_000_600_000;

/** A running task of the service `web`, ten minutes old, in ECS's JSON. */
export function webTask(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    taskArn,
    clusterArn: cluster,
    taskDefinitionArn: 'arn:aws:ecs:us-east-1:111122223333:task-definition/web:1',
    group: 'service:web',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    createdAt: 1_699_999_999,
    startedAt: 1_700_000_000,
    containers: [
      {
        name: 'web',
        image: 'nginx:1',
        lastStatus: 'RUNNING',
        runtimeId: 'abc123',
        networkBindings: [
          { bindIP: '0.0.0.0', hostPort: 32768, containerPort: 80, protocol: 'tcp' },
          { bindIP: '::', hostPort: 32768, containerPort: 80, protocol: 'tcp' },
        ],
      },
    ],
    ...changes,
  };
}

export const webMeasurement = {
  account: '111122223333',
  clusterArn: cluster,
  containerInstanceArn: 'arn:aws:ecs:us-east-1:111122223333:container-instance/default/i',
  taskArn,
  family: 'web',
  serviceName: 'web',
  containerName: 'web',
  time: now,
  cpuPercent: 12.34,
  cpuSeconds: 5,
  memoryBytes: 12 * 1024 * 1024,
  memoryLimitBytes: 128 * 1024 * 1024,
  networkRxBytes: 1024,
  networkTxBytes: 2048,
  blockReadBytes: 0,
  blockWriteBytes: 4096,
};
