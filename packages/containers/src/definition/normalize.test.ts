// Task definitions: what is refused, with which words, and what is completed.
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { normalDefinition } from './normalize.ts';
import { normalCpu, normalMemory } from './sizes.ts';

const web: ContainerDefinition = { name: 'web', image: 'busybox', memory: 64 };

function define(container: Partial<ContainerDefinition>, more: Partial<RegisterTaskDefinitionRequest> = {}) {
  return normalDefinition({ family: 'f', containerDefinitions: [{ ...web, ...container }], ...more });
}

describe('a container is refused', () => {
  const cases: readonly (readonly [string, Partial<ContainerDefinition>, RegExp])[] = [
    ['without an image', { image: '' }, /Container\.image should not be null or empty/],
    ['with a bad name', { name: 'a b' }, /Container\.name/],
    ['without any memory', { memory: undefined }, /At least one of 'memory' or 'memoryReservation' must be specified/],
    ['below 6 MiB', { memory: 5 }, /'memory' must be between 6/],
    ['reserving more than its limit', { memoryReservation: 65 }, /must be greater than 'memoryReservation'/],
    ['with too much cpu', { cpu: 262_145 }, /'cpu' must be between 0 and 262144/],
    ['with a secret of Parameter Store', { secrets: [{ name: 'a', valueFrom: 'b' }] }, /Parameter Store/],
    [
      'with a secret that is a variable too',
      { secrets: [{ name: 'a', valueFrom: 'file:a' }], environment: [{ name: 'a', value: '1' }] },
      /not shared with any new or existing environment variables set on the container, such as 'a'/,
    ],
    ['with a secret outside of its folder', { secrets: [{ name: 'a', valueFrom: 'file:/etc/shadow' }] }, /file:NAME/],
    ['with an environment file of no place', { environmentFiles: [{ type: 's3', value: 'x' }] }, /end with \.env/],
    ['with firelens', { firelensConfiguration: { type: 'fluentd' } }, /'firelensConfiguration' is not available/],
    [
      'with a volume that is not there',
      { mountPoints: [{ sourceVolume: 'x', containerPath: '/x' }] },
      /Unknown volume 'x'/,
    ],
    ['linked to nothing', { links: ['db'] }, /unknown container 'db'/],
    ['depending on itself', { dependsOn: [{ containerName: 'web', condition: 'START' }] }, /unknown container 'web'/],
    ['with a bad port', { portMappings: [{ containerPort: 0 }] }, /'containerPort' must be between 1/],
    [
      'with a port twice',
      {
        portMappings: [
          { containerPort: 1, hostPort: 9 },
          { containerPort: 2, hostPort: 9 },
        ],
      },
      /mapped twice/,
    ],
    [
      'with a quick health check',
      { healthCheck: { command: ['CMD', 'x'], interval: 4 } },
      /'healthCheck.interval' must be between 5/,
    ],
    ['with an empty health check', { healthCheck: { command: ['CMD'] } }, /'healthCheck.command'/],
    [
      'with the awslogs driver and no group',
      { logConfiguration: { logDriver: 'awslogs' } },
      /requires options: awslogs/,
    ],
    [
      'with a buffer that blocks',
      { logConfiguration: { logDriver: 'json-file', options: { mode: 'blocking', 'max-buffer-size': '1m' } } },
      /non-blocking/,
    ],
    ['logging to a router that is not there', { logConfiguration: { logDriver: 'awsfirelens' } }, /'awsfirelens'/],
    ['with an unknown capability', { linuxParameters: { capabilities: { add: ['CAP_KILL'] } } }, /does not know CAP_K/],
    ['with a tmpfs of no size', { linuxParameters: { tmpfs: [{ containerPath: '/t', size: 0 }] } }, /tmpfs.size/],
    [
      'with an unknown mount option',
      { linuxParameters: { tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['x'] }] } },
      /mountOptions/,
    ],
    ['with a relative device', { linuxParameters: { devices: [{ hostPath: 'dev/fuse' }] } }, /absolute hostPath/],
    ['with a soft limit above', { ulimits: [{ name: 'nofile', softLimit: 2, hardLimit: 1 }] }, /soft limit/],
    ['with a kernel setting of the host', { systemControls: [{ namespace: 'vm.swappiness', value: '1' }] }, /net\.\*/],
    ['with an odd restart policy', { restartPolicy: { enabled: false, restartAttemptPeriod: 59 } }, /between 60 and/],
    ['with half a GPU', { resourceRequirements: [{ type: 'GPU', value: '0.5' }] }, /'resourceRequirements.value'/],
    [
      'with a range and a port',
      { portMappings: [{ containerPort: 1, containerPortRange: '1-2' }] },
      /'containerPortRange'/,
    ],
    ['with a badly named port', { portMappings: [{ containerPort: 1, name: '-web' }] }, /lower-case/],
    ['with an unknown protocol', { portMappings: [{ containerPort: 1, appProtocol: 'ftp' as 'http' }] }, /appProtocol/],
    ['with a host without an address', { extraHosts: [{ hostname: 'db', ipAddress: 'db' }] }, /extraHosts/],
    ['with a resolver by name', { dnsServers: ['dns.local'] }, /IP addresses/],
    ['reserving as much as its limit', { memory: 8, memoryReservation: 8 }, /must be greater than/],
    ['with credential specs', { credentialSpecs: ['x'] }, /'credentialSpecs' is not available/],
    ["with the agent's own labels", { dockerLabels: { 'com.amazonaws.ecs.task-arn': 'x' } }, /reserved prefix/],
    ['with a nameless variable', { environment: [{ name: '', value: 'x' }] }, /'environment'/],
    ['when nothing is essential', { essential: false }, /at least one essential container/],
    ['with a short stop', { stopTimeout: 1 }, /'stopTimeout' must be between 2/],
  ];
  test.each(cases)('%s', (_name, container, words) => {
    expect(() => define(container)).toThrow(words);
  });
});

describe('a task definition is refused', () => {
  const cases: readonly (readonly [string, Partial<RegisterTaskDefinitionRequest>, RegExp])[] = [
    ['for Fargate', { requiresCompatibilities: ['FARGATE'] }, /container instances/],
    ['without containers', { containerDefinitions: [] }, /Container list cannot be empty/],
    [
      'with eleven containers',
      { containerDefinitions: Array.from({ length: 11 }, (_, i) => ({ ...web, name: `c${i}` })) },
      /at most 10/,
    ],
    ['with a name twice', { containerDefinitions: [web, web] }, /unique/],
    ['with a bad family', { family: 'a:b' }, /Family is invalid/],
    [
      'beyond 64 KiB',
      { containerDefinitions: [{ ...web, command: ['x'.repeat(30_000), 'x'.repeat(30_000), 'x'.repeat(6000)] }] },
      /64 KiB/,
    ],
    ['with less memory than its container', { memory: '32' }, /must not be more than the memory of the task/],
    ['with nonsense for cpu', { cpu: 'much' }, /Invalid 'cpu' setting/],
    [
      'with a circle',
      {
        containerDefinitions: [
          { ...web, name: 'a', dependsOn: [{ containerName: 'b', condition: 'START' }] },
          { ...web, name: 'b', volumesFrom: [{ sourceContainer: 'a' }] },
        ],
      },
      /circle: a, b/,
    ],
    [
      'waiting for the end of an essential container',
      {
        containerDefinitions: [
          { ...web, name: 'a' },
          { ...web, name: 'b', dependsOn: [{ containerName: 'a', condition: 'SUCCESS' }] },
        ],
      },
      /must not be essential/,
    ],
    [
      'waiting for a health that nobody checks',
      {
        containerDefinitions: [
          { ...web, name: 'a' },
          { ...web, name: 'b', dependsOn: [{ containerName: 'a', condition: 'HEALTHY' }] },
        ],
      },
      /must have a health check/,
    ],
    [
      'with more memory than the task has',
      { memory: '100', containerDefinitions: [web, { ...web, name: 'b' }] },
      /sum of the containers' memory/,
    ],
    ['for Windows', { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } }, /must be LINUX/],
    ['for Fargate besides', { requiresCompatibilities: ['EC2', 'FARGATE'] }, /needs networkMode awsvpc/],
    ['with a role of no sense', { taskRoleArn: 'arn:aws:s3:::x' }, /taskRoleArn must be/],
    ['with ephemeral storage', { ephemeralStorage: { sizeInGiB: 30 } }, /FARGATE/],
    ['with an unknown pidMode', { pidMode: 'none' as 'host' }, /pidMode must be/],
    [
      'with a volume driver of no name',
      { volumes: [{ name: 'v', dockerVolumeConfiguration: { driver: '../x' } }] },
      /name of a volume driver/,
    ],
    ['with an efs volume', { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'x' } }] }, /EFS/],
    ['with a relative bind', { volumes: [{ name: 'v', host: { sourcePath: 'x' } }] }, /absolute/],
  ];
  test.each(cases)('%s', (_name, more, words) => {
    expect(() => define({}, more)).toThrow(words);
  });
});

test('sizes are understood as ECS does', () => {
  expect([normalCpu('1 vCPU'), normalCpu('.5 vcpu'.replace('.5', '0.5')), normalCpu('256')]).toEqual([
    '1024',
    '512',
    '256',
  ]);
  expect([normalMemory('1GB'), normalMemory('0.5 gb'), normalMemory('300')]).toEqual(['1024', '512', '300']);
  expect(() => normalMemory('5')).toThrow(/at least 6 MiB/);
});

test('in host mode the host port is the container port', () => {
  const { containerDefinitions } = define({ portMappings: [{ containerPort: 80 }] }, { networkMode: 'host' });
  expect(containerDefinitions[0]?.portMappings).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'tcp' }]);
});

test('what a definition needs of an instance is told by attribute names', () => {
  const needs = define({
    image: 'r:1/123456789012/app',
    privileged: true,
    logConfiguration: { logDriver: 'json-file' },
  }).requiresAttributes?.map((each) => each.name);
  expect(needs).toEqual([
    'com.amazonaws.ecs.capability.docker-remote-api.1.18',
    'com.amazonaws.ecs.capability.ecr-auth',
    'com.amazonaws.ecs.capability.logging-driver.json-file',
    'com.amazonaws.ecs.capability.privileged-container',
  ]);
});

test('every field that is honoured is kept as it was given', () => {
  const full: ContainerDefinition = {
    ...web,
    memory: 64,
    memoryReservation: 32,
    cpu: 10,
    essential: true,
    command: ['sh'],
    entryPoint: ['/bin/sh'],
    environment: [{ name: 'A', value: 'b' }],
    portMappings: [{ containerPort: 80, hostPort: 8080, protocol: 'tcp', name: 'web', appProtocol: 'http' }],
    mountPoints: [{ sourceVolume: 'v', containerPath: '/v', readOnly: true }],
    volumesFrom: [{ sourceContainer: 'db', readOnly: false }],
    links: ['db:database'],
    linuxParameters: {
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      devices: [{ hostPath: '/dev/fuse', containerPath: '/dev/fuse', permissions: ['read', 'write'] }],
      initProcessEnabled: true,
      sharedMemorySize: 64,
      tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['noexec', 'mode=1777'] }],
      maxSwap: 10,
      swappiness: 60,
    },
    dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }],
    startTimeout: 30,
    stopTimeout: 10,
    hostname: 'web',
    user: '1000:1000',
    workingDirectory: '/srv',
    privileged: false,
    readonlyRootFilesystem: true,
    dnsServers: ['10.0.0.2'],
    dnsSearchDomains: ['internal'],
    extraHosts: [{ hostname: 'mail', ipAddress: '10.0.0.3' }],
    dockerSecurityOptions: ['no-new-privileges'],
    interactive: true,
    pseudoTerminal: true,
    dockerLabels: { a: 'b' },
    ulimits: [{ name: 'nofile', softLimit: 10, hardLimit: -1 }],
    logConfiguration: { logDriver: 'syslog', options: { mode: 'non-blocking', 'max-buffer-size': '4m' } },
    systemControls: [
      { namespace: 'net.core.somaxconn', value: '1024' },
      { namespace: 'kernel.shmmax', value: '1' },
    ],
    versionConsistency: 'disabled',
    restartPolicy: { enabled: false },
  };
  const healthCheck = { command: ['CMD', 'true'], interval: 5, timeout: 2, retries: 1, startPeriod: 0 };
  const volumes = [{ name: 'v', dockerVolumeConfiguration: { scope: 'task' as const, driver: 'local' } }];
  const stored = normalDefinition({
    family: 'f',
    pidMode: 'host',
    ipcMode: 'none',
    runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
    taskRoleArn: 'reader',
    executionRoleArn: 'arn:aws:iam::123456789012:role/service/puller',
    volumes,
    containerDefinitions: [full, { ...web, name: 'db', healthCheck }],
  });
  expect(stored.containerDefinitions[0]).toEqual(full);
  expect(stored.containerDefinitions[1]?.healthCheck).toEqual(healthCheck);
  expect(stored).toMatchObject({ pidMode: 'host', ipcMode: 'none', volumes, compatibilities: ['EXTERNAL', 'EC2'] });
  expect(stored.requiresAttributes?.map((each) => each.name)).toEqual([
    'com.amazonaws.ecs.capability.docker-remote-api.1.18',
    'com.amazonaws.ecs.capability.docker-remote-api.1.21',
    'com.amazonaws.ecs.capability.docker-remote-api.1.22',
    'com.amazonaws.ecs.capability.docker-remote-api.1.24',
    'com.amazonaws.ecs.capability.docker-remote-api.1.25',
    'com.amazonaws.ecs.capability.logging-driver.syslog',
    'com.amazonaws.ecs.capability.task-iam-role',
    'ecs.capability.container-health-check',
    'ecs.capability.container-ordering',
    'ecs.capability.docker-plugin.local',
    'ecs.capability.pid-ipc-namespace-sharing',
  ]);
});
