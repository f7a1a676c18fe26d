// The agent's form of a task: every honoured field arrives where the agent and the Engine expect it.
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { normalDefinition } from '../definition/normalize.ts';
import type { DefinitionRecord } from '../definitions.ts';
import { newTaskRecord } from '../testing/records.ts';
import { acsTask } from './payload.ts';

const context = { registryHost: 'registry.local:7077', region: 'us-east-1' };

function payload(container: Partial<ContainerDefinition>, more: object = {}) {
  const given = { image: 'busybox', memory: 64, ...container, name: 'main' };
  given.image ??= 'busybox';
  const document = normalDefinition({ family: 'f', containerDefinitions: [given], ...more });
  const definition: DefinitionRecord = {
    arn: 'arn:aws:ecs:us-east-1:123456789012:task-definition/f:3',
    account: '123456789012',
    family: 'f',
    revision: 3,
    status: 'ACTIVE',
    registeredAt: 0,
    registeredBy: '',
    deregisteredAt: undefined,
    document,
  };
  const task = newTaskRecord();
  const [state] = task.document.containers;
  if (state === undefined) throw new Error('no container');
  const limits = { memory: given.memory, memoryReservation: given.memoryReservation };
  const containers = [{ ...state, image: given.image, hasHealthCheck: given.healthCheck !== undefined, ...limits }];
  const made = acsTask({ ...task, document: { ...task.document, containers } }, definition, context);
  const [first] = made.containers;
  if (first === undefined) throw new Error('no container');
  const config = JSON.parse(first.dockerConfig.config) as Record<string, unknown>;
  const hostConfig = JSON.parse(first.dockerConfig.hostConfig) as Record<string, unknown>;
  return { task: made, container: first, config, hostConfig };
}

describe('a task for an agent', () => {
  test('carries what the Engine understands in the form of the Engine', () => {
    const { config, hostConfig, container } = payload({
      user: '1000:1000',
      workingDirectory: '/srv',
      hostname: 'h',
      privileged: true,
      readonlyRootFilesystem: true,
      dnsServers: ['10.0.0.2'],
      extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.3' }],
      dockerLabels: { a: 'b' },
      ulimits: [{ name: 'nofile', softLimit: 10, hardLimit: 20 }],
      memoryReservation: 32,
      logConfiguration: { logDriver: 'json-file', options: { 'max-size': '1m' } },
      linuxParameters: {
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        initProcessEnabled: true,
        sharedMemorySize: 8,
        tmpfs: [{ containerPath: '/t', size: 16, mountOptions: ['noexec'] }],
        devices: [{ hostPath: '/dev/null', permissions: ['read'] }],
        maxSwap: 10,
        swappiness: 5,
      },
      healthCheck: { command: ['CMD-SHELL', 'true'], interval: 10 },
      stopTimeout: 5,
      startTimeout: 6,
      systemControls: [{ namespace: 'net.core.somaxconn', value: '10' }],
    });
    expect(config).toEqual({
      User: '1000:1000',
      WorkingDir: '/srv',
      Hostname: 'h',
      Labels: { a: 'b' },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1e10, Timeout: 5e9, Retries: 3 },
    });
    expect(hostConfig).toEqual({
      NetworkMode: 'bridge',
      Privileged: true,
      ReadonlyRootfs: true,
      Dns: ['10.0.0.2'],
      ExtraHosts: ['db:10.0.0.3'],
      Sysctls: { 'net.core.somaxconn': '10' },
      Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      MemoryReservation: 32 * 1024 * 1024,
      CapAdd: ['NET_ADMIN'],
      CapDrop: ['ALL'],
      Init: true,
      ShmSize: 8 * 1024 * 1024,
      Tmpfs: { '/t': 'noexec,size=16m' },
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'r' }],
      MemorySwap: 74 * 1024 * 1024,
      MemorySwappiness: 5,
    });
    expect(container).toMatchObject({ stopTimeout: 5, startTimeout: 6, memory: 64 });
  });

  test('says nothing where nothing was asked', () => {
    const { task, container, config, hostConfig } = payload({});
    expect(config).toEqual({});
    expect(hostConfig).toEqual({ NetworkMode: 'bridge' });
    expect(container.command).toBeUndefined();
    expect(container.registryAuthentication).toBeUndefined();
    expect(task.cpu).toBeUndefined();
    expect(task).toMatchObject({ family: 'f', version: '3', volumes: [], overrides: '{}' });
  });

  test('volumes keep their kinds, and a task its own limits', () => {
    const { task, container } = payload(
      {
        mountPoints: [
          { sourceVolume: 'bind', containerPath: '/a', readOnly: true },
          { sourceVolume: 'own', containerPath: '/b' },
          { sourceVolume: 'engine', containerPath: '/c' },
        ],
      },
      {
        cpu: '0.25 vCPU',
        memory: '0.5GB',
        networkMode: 'host',
        volumes: [
          { name: 'bind', host: { sourcePath: '/srv' } },
          { name: 'own' },
          { name: 'engine', dockerVolumeConfiguration: { scope: 'shared', autoprovision: true } },
        ],
      },
    );
    expect(task).toMatchObject({ cpu: 0.25, memory: 512, networkMode: 'host' });
    expect(task.volumes).toEqual([
      { name: 'bind', type: 'host', host: { sourcePath: '/srv' } },
      { name: 'own', type: 'host', host: { sourcePath: '' } },
      {
        name: 'engine',
        type: 'docker',
        dockerVolumeConfiguration: {
          scope: 'shared',
          autoprovision: true,
          driver: 'local',
          driverOpts: {},
          labels: {},
        },
      },
    ]);
    expect(container.mountPoints[1]).toEqual({ sourceVolume: 'own', containerPath: '/b', readOnly: false });
  });

  test("credentials are for images of this server's own registry only", () => {
    const auth = (image: string) => {
      const its = payload({ image }).container.registryAuthentication;
      return its?.type === 'ecr' ? its.ecrAuthData.registryId : undefined;
    };
    expect(auth('registry.local:7077/app:1')).toBe('123456789012');
    expect(auth('registry.local:7077/210987654321/app:1')).toBe('210987654321');
    expect(auth('registry.local:7078/210987654321/app:1')).toBeUndefined();
    expect(auth('quay.io/app')).toBeUndefined();
    expect(auth('library/busybox')).toBeUndefined();
  });
});
