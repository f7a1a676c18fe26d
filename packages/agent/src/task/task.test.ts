// Reading a task, naming its parts, and asking the Engine for its containers.
import { expect, test } from 'vitest';
import { parseImageReference } from '../docker/reference.ts';
import { rawSampleTask, sampleTask } from '../testing/sample-task.ts';
import { createBody } from './create-body.ts';
import { engineName } from './names.ts';
import { observe } from './observe.ts';
import { newRecord } from './record.ts';
import { checkTask } from './validate.ts';

const owner = { agentId: 'a'.repeat(32), instanceArn: 'arn:instance', bindAddress: '127.0.0.1' };

function recordOf(container: object, more: object = {}) {
  return newRecord(sampleTask([container], more));
}

function bodyOf(container: object, more: object = {}) {
  const record = recordOf(container, more);
  const [first] = record.task.containers;
  if (!first) throw new Error('no container');
  return createBody(record, first, owner);
}

test('command, entry point and environment, with the overrides last', () => {
  const body = bodyOf({
    command: ['a'],
    entryPoint: ['/e'],
    environment: { A: '1', B: '2' },
    overrides: JSON.stringify({ command: ['b', 'c'], environment: { B: '3' } }),
  });
  expect(body).toMatchObject({ Cmd: ['b', 'c'], Entrypoint: ['/e'], Env: ['A=1', 'B=3'] });
});

test('limits: container before task, shares of at least two, the task’s processor as a cap', () => {
  expect(bodyOf({ cpu: 512, memory: 64 }).HostConfig).toMatchObject({ CpuShares: 512, Memory: 64 * 1024 * 1024 });
  expect(bodyOf({}).HostConfig).toMatchObject({ CpuShares: 2 });
  expect(bodyOf({}).HostConfig['Memory']).toBeUndefined();
  expect(bodyOf({}, { cpu: 0.5, memory: 128 }).HostConfig).toMatchObject({ NanoCpus: 5e8, Memory: 128 * 1024 * 1024 });
});

test('ports: an empty host port for any, none at all on the host’s network', () => {
  const portMappings = [
    { containerPort: 80, hostPort: 0, protocol: 'tcp' },
    { containerPort: 53, hostPort: 5353, protocol: 'udp' },
  ];
  const body = bodyOf({ portMappings });
  expect(body.HostConfig['PortBindings']).toEqual({
    '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: '5353' }],
  });
  expect(body['ExposedPorts']).toEqual({ '80/tcp': {}, '53/udp': {} });
  expect(bodyOf({ portMappings }, { networkMode: 'host' }).HostConfig).not.toHaveProperty('PortBindings');
});

test('the Engine’s own options are kept; restarting, removing and the agent’s labels are not up to them', () => {
  const body = bodyOf({
    dockerConfig: {
      version: '1.25',
      config: JSON.stringify({ User: '1000', WorkingDir: '/w', Labels: { own: 'x', 'longshore.agent': 'forged' } }),
      hostConfig: JSON.stringify({
        LogConfig: { Type: 'json-file', Config: {} },
        AutoRemove: true,
        RestartPolicy: { Name: 'always' },
      }),
    },
  });
  expect(body).toMatchObject({ User: '1000', WorkingDir: '/w' });
  expect(body.Labels).toMatchObject({ own: 'x', 'longshore.agent': owner.agentId });
  expect(body.HostConfig).toMatchObject({
    LogConfig: { Type: 'json-file' },
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
  });
});

test('mounts: host paths as they are, other volumes by a name of the task', () => {
  const mountPoints = [
    { sourceVolume: 'host', containerPath: '/h', readOnly: true },
    { sourceVolume: 'own', containerPath: '/o' },
    { sourceVolume: 'shared', containerPath: '/s' },
  ];
  const volumes = [
    { name: 'host', type: 'host', host: { sourcePath: '/srv' } },
    { name: 'own', type: 'host', host: { sourcePath: '' } },
    { name: 'shared', type: 'docker', dockerVolumeConfiguration: { scope: 'shared' } },
  ];
  const name = 'ecs-web-3-own-0123456789abcdef0123456789abcdef';
  expect(bodyOf({ mountPoints }, { volumes }).HostConfig['Binds']).toEqual(['/srv:/h:ro', `${name}:/o`, 'shared:/s']);
});

test('names: the same for the same task, other for another, always in the Engine’s alphabet', () => {
  const task = recordOf({}).task;
  expect(engineName(task, 'main')).toBe('ecs-web-3-main-0123456789abcdef0123456789abcdef');
  const long = { ...task, family: 'f'.repeat(255) };
  expect(engineName(long, 'main')).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/);
  expect(engineName(long, 'main')).not.toBe(engineName(long, 'other'));
});

test.each([
  ['no containers', { containers: [] }, /containers/],
  [
    'a name twice',
    {
      containers: [
        { name: 'a', image: 'x' },
        { name: 'a', image: 'x' },
      ],
    },
    /same name/,
  ],
  [
    'a circle',
    {
      containers: ['ab', 'ba'].map(([name, other]) => ({
        name,
        image: 'x',
        dependsOn: [{ containerName: other, condition: 'START' }],
      })),
    },
    /wait for each other/,
  ],
  [
    'options that are no JSON',
    { containers: [{ name: 'a', image: 'x', dockerConfig: { hostConfig: '{' } }] },
    /JSON object/,
  ],
  [
    'an unknown volume type',
    { volumes: [{ name: 'v', type: 'efs' }], containers: [{ name: 'a', image: 'x' }] },
    /volumes\.0\.type/,
  ],
  [
    'an unknown volume',
    { containers: [{ name: 'a', image: 'x', mountPoints: [{ sourceVolume: 'v', containerPath: '/' }] }] },
    /not in the task/,
  ],
  ['something that is not an image', { containers: [{ name: 'a', image: 'No Image' }] }, /image reference/],
  ['another ARN', { arn: 'arn:aws:ecs:us-east-1:1:cluster/x', containers: [{ name: 'a', image: 'x' }] }, /task ARN/],
])('refuses %s', (_, more, problem) => {
  const checked = checkTask({ ...rawSampleTask, ...more });
  expect('problem' in checked && checked.problem).toMatch(problem);
});

test('null where the protocol leaves something out is the same as leaving it out', () => {
  const record = recordOf({
    command: null,
    links: null,
    mountPoints: null,
    dockerConfig: null,
    registryAuthentication: null,
  });
  expect(record.task.containers[0]?.mountPoints).toEqual([]);
});

test.each([
  ['busybox', { host: 'docker.io', path: 'busybox', tag: 'latest', name: 'busybox' }],
  ['a.b/c/d:e', { host: 'a.b', path: 'c/d', tag: 'e', name: 'a.b/c/d' }],
  ['localhost:5000/x', { host: 'localhost:5000', path: 'x', tag: 'latest', name: 'localhost:5000/x' }],
  [`x@sha256:${'0'.repeat(64)}`, { host: 'docker.io', path: 'x', digest: `sha256:${'0'.repeat(64)}`, name: 'x' }],
])('reads the image reference %s', (text, parts) => {
  expect(parseImageReference(text)).toMatchObject(parts);
});

test.each(['', 'UPPER', 'a b', 'x@sha256:00', 'x:', '/x', '-x', 'http://x/y'])(
  'refuses the image reference %j',
  (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  },
);

test('an inspection of a container that never ran, as the Engine writes it', () => {
  const state = {
    Status: 'created' as const,
    OOMKilled: false,
    Pid: 0,
    ExitCode: 0,
    Error: '',
    StartedAt: '0001-01-01T00:00:00Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  };
  const seen = observe({
    Id: 'x',
    Name: '/x',
    Image: 'i',
    State: state,
    Config: {},
    HostConfig: {},
    NetworkSettings: { Ports: { '80/tcp': null } },
  });
  expect(seen).toMatchObject({ status: 'created', startedAt: undefined, finishedAt: undefined, bindings: [] });
});
