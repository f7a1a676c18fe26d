// What a container definition says is what the container finds: one task that uses nearly every field writes down what it
// sees from within, on the real Docker Engine; another one shares the namespaces of its host.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from './support/docker.ts';
import { connectedInstances, describeTask, reaches, runTask } from './support/ecs.ts';
import { importBusybox } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';

const image = 'longshore-container-fields-test:1';
let longshore: Longshore;
let ecs: ECSClient;
let out: string;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'longshore-container-fields-'));
  chmodSync(out, 0o777);
  longshore = await startLongshore({ args: ['--image-pull', 'prefer-cached'] });
  const { url: endpoint, credentials } = longshore;
  ecs = new ECSClient({ endpoint, region: credentials.region, credentials });
  await importBusybox(image);
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
});

afterAll(async () => {
  ecs?.destroy();
  await longshore?.[Symbol.asyncDispose]();
  await docker.removeImage(image);
  rmSync(out, { recursive: true, force: true });
});

/** Runs the task until it has written `file`, stops it, and gives what was written, line by line by its first word. */
async function facts(file: string, input: RegisterTaskDefinitionCommandInput): Promise<ReadonlyMap<string, string>> {
  await ecs.send(new RegisterTaskDefinitionCommand(input));
  const arn = await runTask(ecs, input.family);
  const written = join(out, file);
  await until(`the task has written ${file}`, async () => {
    if (existsSync(written) && readFileSync(written, 'utf8').includes('\nend')) return true;
    const task = await describeTask(ecs, arn);
    if (task.lastStatus !== 'STOPPED') return false;
    throw new Error(`${task.stoppedReason}: ${JSON.stringify(task.containers)}`);
  });
  await ecs.send(new StopTaskCommand({ task: arn }));
  await reaches(ecs, arn, 'STOPPED');
  const lines = readFileSync(written, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

const look = `{
  echo user $(id -u)
  echo folder $(pwd)
  echo variable $A
  echo files $(ulimit -n)
  echo backlog $(cat /proc/sys/net/core/somaxconn)
  echo shmmax $(cat /proc/sys/kernel/shmmax)
  echo name $(cat /etc/hostname)
  echo mail $(awk '$2 == "mail" {print $1}' /etc/hosts)
  echo linked $(awk '/database/ {print "yes"}' /etc/hosts)
  echo resolver $(awk '/^nameserver/ {print $2}' /etc/resolv.conf)
  echo search $(awk '/^search/ {print $2}' /etc/resolv.conf)
  echo capabilities $(awk '/^CapBnd/ {print $2}' /proc/self/status)
  echo privileges $(awk '/^NoNewPrivs/ {print $2}' /proc/self/status)
  echo scratch $(awk '$2 == "/scratch" {print $3, $4}' /proc/mounts)
  echo shared-memory $(awk '$2 == "/dev/shm" {print $4}' /proc/mounts)
  echo shared-volume $(awk '$2 == "/shared" {print substr($4, 1, 2)}' /proc/mounts) $(cat /shared/ready)
  echo root $(touch /new 2>/dev/null && echo writable || echo readonly)
  echo device $([ -c /dev/mine ] && echo there)
  echo init $(cat /proc/1/comm)
  echo terminal $([ -t 1 ] && echo yes || echo no) $([ -t 2 ] && echo yes || echo no)
  echo end
} > /out/within; sleep 1000`;

test('a container finds what its definition says', async () => {
  const found = await facts('within', {
    family: 'fields',
    networkMode: 'bridge',
    cpu: '512',
    memory: '128',
    volumes: [
      { name: 'out', host: { sourcePath: out } },
      { name: 'shared', dockerVolumeConfiguration: { scope: 'task', driver: 'local', labels: { of: 'fields' } } },
    ],
    containerDefinitions: [
      {
        name: 'setup',
        image,
        essential: false,
        memory: 16,
        command: ['sh', '-c', 'echo prepared > /shared/ready'],
        mountPoints: [{ sourceVolume: 'shared', containerPath: '/shared' }],
      },
      {
        name: 'db',
        image,
        memory: 16,
        command: ['sleep', '1000'],
        stopTimeout: 2,
        dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }],
        mountPoints: [{ sourceVolume: 'shared', containerPath: '/shared' }],
        healthCheck: { command: ['CMD-SHELL', 'cat /shared/ready'], interval: 5, timeout: 2, retries: 1 },
      },
      {
        name: 'main',
        image,
        memory: 64,
        memoryReservation: 32,
        cpu: 128,
        entryPoint: ['sh', '-c'],
        command: [look],
        stopTimeout: 2,
        dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }],
        links: ['db:database'],
        volumesFrom: [{ sourceContainer: 'db', readOnly: true }],
        mountPoints: [{ sourceVolume: 'out', containerPath: '/out' }],
        environment: [{ name: 'A', value: 'b' }],
        user: '1000:1000',
        workingDirectory: '/www',
        hostname: 'named',
        readonlyRootFilesystem: true,
        pseudoTerminal: true,
        dnsServers: ['10.0.0.2'],
        dnsSearchDomains: ['internal'],
        extraHosts: [{ hostname: 'mail', ipAddress: '10.0.0.3' }],
        dockerSecurityOptions: ['no-new-privileges'],
        ulimits: [{ name: 'nofile', softLimit: 99, hardLimit: 100 }],
        systemControls: [
          { namespace: 'net.core.somaxconn', value: '77' },
          { namespace: 'kernel.shmmax', value: '12345' },
        ],
        linuxParameters: {
          initProcessEnabled: true,
          capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
          devices: [{ hostPath: '/dev/full', containerPath: '/dev/mine', permissions: ['read'] }],
          sharedMemorySize: 16,
          tmpfs: [{ containerPath: '/scratch', size: 2, mountOptions: ['noexec'] }],
        },
      },
    ],
  });
  expect(Object.fromEntries(found)).toMatchObject({
    user: '1000',
    folder: '/www',
    variable: 'b',
    files: '99',
    backlog: '77',
    shmmax: '12345',
    name: 'named',
    mail: '10.0.0.3',
    linked: 'yes',
    resolver: '10.0.0.2',
    search: 'internal',
    capabilities: '0000000000001000',
    privileges: '1',
    scratch: expect.stringMatching(/^tmpfs (?=.*noexec).*size=2048k/) as string,
    'shared-memory': expect.stringContaining('size=16384k') as string,
    'shared-volume': 'ro prepared',
    root: 'readonly',
    device: 'there',
    init: 'docker-init',
    terminal: 'no yes',
  });
}, 120_000);

test("a task may share its host's network and processes", async () => {
  const found = await facts('shared', {
    family: 'sharing',
    networkMode: 'host',
    pidMode: 'host',
    ipcMode: 'host',
    volumes: [{ name: 'out', host: { sourcePath: out } }],
    containerDefinitions: [
      {
        name: 'main',
        image,
        memory: 16,
        command: [
          'sh',
          '-c',
          '{ for each in net pid ipc; do echo $each $(stat -L -c %i /proc/self/ns/$each); done; echo end; } > /out/shared; sleep 1000',
        ],
        stopTimeout: 2,
        mountPoints: [{ sourceVolume: 'out', containerPath: '/out' }],
      },
    ],
  });
  for (const each of ['net', 'pid', 'ipc'])
    expect(found.get(each), each).toBe(String(statSync(`/proc/self/ns/${each}`).ino));
}, 60_000);
