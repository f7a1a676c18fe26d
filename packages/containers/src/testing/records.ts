// Records for tests of pure functions.
import type { ContainerState, TaskRecord } from '../tasks.ts';

function container(name: string, essential: boolean): ContainerState {
  return {
    arn: `arn:aws:ecs:us-east-1:123456789012:container/default/t/${name}`,
    name,
    image: 'busybox',
    essential,
    cpu: 0,
    memory: 64,
    hasHealthCheck: false,
    lastStatus: 'PENDING',
    healthStatus: 'UNKNOWN',
    networkBindings: [],
  };
}

export function newTaskRecord(more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    arn: 'arn:aws:ecs:us-east-1:123456789012:task/default/t',
    account: '123456789012',
    clusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/default',
    instanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/i',
    definitionArn: 'arn:aws:ecs:us-east-1:123456789012:task-definition/f:1',
    family: 'f',
    launchType: 'EC2',
    startedBy: '',
    group: 'family:f',
    serviceArn: '',
    desiredStatus: 'RUNNING',
    lastStatus: 'PENDING',
    healthStatus: 'UNKNOWN',
    stopCode: '',
    acked: '',
    offered: true,
    settled: true,
    cpu: 0,
    memory: 64,
    version: 1,
    createdAt: 0,
    startedAt: undefined,
    stoppedAt: undefined,
    document: { overrides: {}, attributes: [], containers: [container('main', true), container('side', false)] },
    ...more,
  };
}
