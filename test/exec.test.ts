// Sessions in containers: ExecuteCommand, its data channel, and `longshore exec` with and without a terminal.
import { join } from 'node:path';
import {
  ECSClient,
  ExecuteCommandCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  waitUntilTasksRunning,
} from '@aws-sdk/client-ecs';
import { payloadTypes, readChannelMessage, writeChannelMessage } from '@longshore/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryRun } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances } from './support/ecs.ts';
import { importBusybox } from './support/images.ts';
import { type Longshore, root, startLongshore, until } from './support/longshore.ts';

const image = 'longshore-exec-test:1';
let longshore: Longshore;
let ecs: ECSClient;
let task: string;

beforeAll(async () => {
  longshore = await startLongshore({ args: ['--no-hello', '--image-pull', 'prefer-cached'] });
  const { region } = longshore.credentials;
  ecs = new ECSClient({ endpoint: longshore.url, region, credentials: longshore.credentials });
  await importBusybox(image);
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'exec',
      containerDefinitions: [{ name: 'main', image, memory: 32, command: ['sleep', '1000'], stopTimeout: 2 }],
    }),
  );
  task = await launch(true);
});

afterAll(async () => {
  ecs?.destroy();
  await longshore?.[Symbol.asyncDispose]();
  await docker.removeImage(image);
});

async function launch(enableExecuteCommand: boolean): Promise<string> {
  const { tasks } = await ecs.send(new RunTaskCommand({ taskDefinition: 'exec', enableExecuteCommand }));
  const arn = tasks?.[0]?.taskArn ?? '';
  await waitUntilTasksRunning({ client: ecs, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { tasks: [arn] });
  return arn;
}

const exec = (words: readonly string[]) =>
  tryRun(join(root, 'bin', 'longshore'), ['exec', task, '--', ...words], { env: longshore.env });

test('longshore exec gives output, errors and the exit code apart', async () => {
  const ran = await exec(['sh', '-c', 'echo out; echo err >&2; cat /etc/marker; exit 7']);
  expect(ran).toMatchObject({ code: 7, stdout: `out\n${image}\n` });
  expect(ran.stderr).toContain('err\n');
  expect((await exec(['true'])).code).toBe(0);
  const missing = await exec(['/no/such/program']);
  expect(missing.code).not.toBe(0);
});

test('much output arrives whole', async () => {
  const { stdout } = await exec(['sh', '-c', 'seq 1 40000']);
  expect(stdout).toBe(`${Array.from({ length: 40_000 }, (_, i) => i + 1).join('\n')}\n`);
});

test('with a terminal, what is typed reaches the command', async () => {
  const line = `${join(root, 'bin', 'longshore')} exec ${task} -- sh -c '[ -t 0 ] && echo has a terminal; read x; echo got $x'`;
  // script(1) gives it a terminal, and types what comes by the pipe.
  const typed = `(sleep 3; echo typed; sleep 3) | script -qec "${line.replaceAll('$', '\\$').replaceAll('"', '\\"')}" /dev/null`;
  const { stdout } = await tryRun('sh', ['-c', typed], { env: longshore.env });
  expect(stdout).toContain('has a terminal');
  expect(stdout).toContain('got typed');
});

test('a session needs its token, once, and a task that allows it', async () => {
  const ask = (arn: string) => ecs.send(new ExecuteCommandCommand({ task: arn, command: 'cat', interactive: true }));
  const { session, containerName } = await ask(task);
  expect(containerName).toBe('main');
  expect(session?.streamUrl).toContain(session?.sessionId);
  const closed = (token: string) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(session?.streamUrl ?? '');
      socket.addEventListener('open', () => socket.send(JSON.stringify({ TokenValue: token })));
      socket.addEventListener('close', ({ code }) => resolve(code));
    });
  expect(await closed('x'.repeat(43))).toBe(1008);
  // The attempt has used the session up.
  expect(await closed(session?.tokenValue ?? '')).toBe(1006);
  const unknown = new WebSocket(`${longshore.url.replace('http', 'ws')}/exec/v1/data-channel/ecs-execute-command-x`);
  await new Promise((resolve) => unknown.addEventListener('close', resolve));
  const closedTask = await launch(false);
  await expect(ask(closedTask)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  await expect(ask(`${task.slice(0, -1)}x`)).rejects.toMatchObject({ name: 'InvalidParameterException' });
});

test('the data channel speaks as session-manager-plugin expects: handshake, acknowledgements, sizes, an orderly end', async () => {
  const { session } = await ecs.send(new ExecuteCommandCommand({ task, command: 'sh', interactive: true }));
  const socket = new WebSocket(session?.streamUrl ?? '');
  socket.binaryType = 'arraybuffer';
  let sequence = 0;
  const send = (payloadType: number, payload: string) =>
    socket.send(
      new Uint8Array(
        writeChannelMessage({ type: 'input_stream_data', sequence: sequence++, payloadType, payload, now: Date.now() }),
      ),
    );
  const seen: string[] = [];
  let output = '';
  await new Promise<void>((resolve) => {
    socket.addEventListener('open', () =>
      socket.send(
        JSON.stringify({ MessageSchemaVersion: '1.0', TokenValue: session?.tokenValue, ClientVersion: '1.2.0' }),
      ),
    );
    socket.addEventListener('message', ({ data }) => {
      const message = readChannelMessage(Buffer.from(data as ArrayBuffer));
      if (message.type !== 'output_stream_data') {
        seen.push(message.type);
        if (message.type === 'channel_closed') resolve();
        return;
      }
      seen.push(`${message.sequence}:${message.payloadType}`);
      if (message.payloadType === payloadTypes.handshakeRequest) send(payloadTypes.handshakeResponse, '{}');
      if (message.payloadType === payloadTypes.handshakeComplete) {
        send(payloadTypes.size, JSON.stringify({ cols: 101, rows: 33 }));
        send(payloadTypes.output, 'echo $((40+2)); exit 5\n');
      }
      if (message.payloadType === payloadTypes.output) output += message.payload.toString('utf8');
    });
  });
  expect(seen.slice(0, 2)).toEqual(['0:5', 'acknowledge']);
  expect(seen).toContain('1:7');
  expect(seen.filter((each) => each === 'acknowledge')).toHaveLength(3);
  // Amazon's plugin would print the exit code as output: it is told to Longshore's own client only.
  expect(seen.some((each) => each.endsWith(`:${payloadTypes.exitCode}`))).toBe(false);
  expect(output).toContain('42');
});
