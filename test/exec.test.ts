// Sessions in containers: ExecuteCommand, its data channel, `longshore exec` with and without a terminal, and several servers.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ECSClient, ExecuteCommandCommand, ListTasksCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { payloadTypes, readChannelMessage, writeChannelMessage } from '@longshore/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, tryRun } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances, reaches, runTask } from './support/ecs.ts';
import { goTool } from './support/go-tools.ts';
import { importBusybox, sleeps } from './support/images.ts';
import { freePort, type Longshore, root, startLongshore, until } from './support/longshore.ts';
import { systemStores } from './support/stores.ts';

const image = 'longshore-exec-test:1';
let longshore: Longshore;
let ecs: ECSClient;
let task: string;

beforeAll(async () => {
  longshore = await startLongshore({ args: ['--image-pull', 'prefer-cached'] });
  const { region } = longshore.credentials;
  ecs = new ECSClient({ endpoint: longshore.url, region, credentials: longshore.credentials });
  await importBusybox(image);
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'exec',
      containerDefinitions: [{ name: 'main', image, memory: 32, command: [...sleeps], stopTimeout: 2 }],
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
  const arn = await runTask(ecs, 'exec', { enableExecuteCommand });
  await reaches(ecs, arn, 'RUNNING');
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

/** Runs a command in a terminal: script(1) gives it one, and types. `dialogue` ends before the typing does. */
async function inTerminal(
  command: string,
  env: Readonly<Record<string, string>>,
  dialogue: (shown: () => string, type: (text: string) => void) => Promise<void>,
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, ...env } });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    await dialogue(
      () => shown,
      (text) => void child.stdin.write(text),
    );
  } finally {
    child.stdin.end();
  }
  return { code: await ended, shown };
}

test('with a terminal, what is typed reaches the command', async () => {
  const line = `${join(root, 'bin', 'longshore')} exec ${task} -- sh -c '[ -t 0 ] && echo has a terminal; read x; echo got $x'`;
  const { code, shown } = await inTerminal(line, longshore.env, async (seen, type) => {
    await until('it runs', () => seen().includes('has a terminal'));
    type('typed\n');
    await until('what was typed has come', () => seen().includes('got typed'));
  });
  expect(code).toBe(0);
  expect(shown).not.toContain('error');
});

const plugin = goTool('session-manager-plugin');

test.skipIf(plugin === undefined || awsCli === undefined)(
  "the AWS CLI with AWS's session-manager-plugin enters a container (skipped where script/go-tools has not built it)",
  async () => {
    const env = { ...longshore.env, PATH: `${dirname(plugin ?? '')}:${process.env.PATH}` };
    const line = `${awsCli} --endpoint-url ${longshore.url} ecs execute-command --task ${task} --container main --interactive --command sh`;
    const { shown } = await inTerminal(line, env, async (seen, type) => {
      await until('the session begins', () => seen().includes('Starting session with SessionId: ecs-execute-command-'));
      await until('the shell asks', () => seen().includes('~ # '));
      type('echo $((40+2)) in $(cat /etc/marker); exit\n');
      await until('it is over', () => seen().includes('Exiting session'));
    });
    expect(shown).toContain(`42 in ${image}`);
  },
);

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

/** Opens a data channel as session-manager-plugin does, types `script` into it, and hears it to its end. */
async function channel(streamUrl: string, token: string, script: string) {
  const socket = new WebSocket(streamUrl);
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
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('error', () => reject(new Error('the data channel failed')));
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', TokenValue: token, ClientVersion: '1.2.0' })),
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
        send(payloadTypes.output, script);
      }
      if (message.payloadType === payloadTypes.output) output += message.payload.toString('utf8');
    });
  });
  return { seen, output };
}

test('the data channel speaks as session-manager-plugin expects: handshake, acknowledgements, sizes, an orderly end', async () => {
  const { session } = await ecs.send(new ExecuteCommandCommand({ task, command: 'sh', interactive: true }));
  const script = 'echo $((40+2)); exit 5\n';
  const { seen, output } = await channel(session?.streamUrl ?? '', session?.tokenValue ?? '', script);
  expect(seen.slice(0, 2)).toEqual(['0:5', 'acknowledge']);
  expect(seen).toContain('1:7');
  expect(seen.filter((each) => each === 'acknowledge')).toHaveLength(3);
  // Amazon's plugin would print the exit code as output: it is told to Longshore's own client only.
  expect(seen.some((each) => each.endsWith(`:${payloadTypes.exitCode}`))).toBe(false);
  expect(output).toContain('42');
});

test('a task and a service of longshore run --exec can be entered', async () => {
  const longshoreCli = (...words: string[]) => tryRun(join(root, 'bin', 'longshore'), words, { env: longshore.env });
  for (const kind of [[], ['--service']] as const) {
    const name = kind.length > 0 ? 'kept' : 'once';
    const ran = await longshoreCli('run', ...kind, '--exec', '--name', name, '--json', image, '--', 'sleep', '1000');
    expect(ran).toMatchObject({ code: 0 });
    const { taskArns } = await ecs.send(new ListTasksCommand({ family: name }));
    const entered = await longshoreCli('exec', taskArns?.[0] ?? '', '--', 'cat', '/etc/marker');
    expect(entered).toMatchObject({ code: 0, stdout: `${image}\n` });
  }
});

const shared = systemStores.find((each) => each.name === 'postgres');

test.skipIf(shared === undefined)(
  'with two servers on one store, each of the three may come to another',
  async () => {
    const store = await shared?.create();
    const folder = mkdtempSync(join(tmpdir(), 'longshore-replica-'));
    const start = async (more: readonly string[], dataDir?: string) => {
      const port = await freePort();
      const own = ['--image-pull', 'prefer-cached', '--replica-url', `http://127.0.0.1:${port}`];
      return startLongshore({ store: store?.url, port, args: [...own, ...more], ...(dataDir && { dataDir }) });
    };
    const a = await start([]);
    const client = new ECSClient({ endpoint: a.url, region: a.credentials.region, credentials: a.credentials });
    try {
      copyFileSync(join(a.dataDir, 'master.key'), join(folder, 'master.key'));
      // Layers of its own beside the other's database are refused, with the way out. No layer is read from b here: it is taken.
      await expect(start(['--no-agent'], folder)).rejects.toThrow('are not those of this database');
      copyFileSync(join(a.dataDir, 'registry', 'store-id'), join(folder, 'registry', 'store-id'));
      await using b = await start(['--no-agent'], folder);
      await until('the agent is connected', async () => (await connectedInstances(client)) === 1);
      const { stdout } = await tryRun(
        join(root, 'bin', 'longshore'),
        ['run', '--exec', '--name', 'far', '--json', image, '--', 'sleep', '1000'],
        { env: a.env },
      );
      expect(stdout).toContain('far');
      const { taskArns } = await client.send(new ListTasksCommand({}));
      const [far = ''] = taskArns ?? [];
      // The client and its call come to b, the agent is connected to a.
      const ran = await tryRun(join(root, 'bin', 'longshore'), ['exec', far, '--', 'cat', '/etc/marker'], {
        env: b.env,
      });
      expect(ran).toMatchObject({ code: 0, stdout: `${image}\n` });
      // The call comes to a, the client to b.
      const { session } = await client.send(new ExecuteCommandCommand({ task: far, command: 'sh', interactive: true }));
      const elsewhere = (session?.streamUrl ?? '').replace(a.host, b.host);
      const { output } = await channel(elsewhere, session?.tokenValue ?? '', 'echo $((40+2)); exit\n');
      expect(output).toContain('42');
      // Whoever comes second finds nothing, wherever.
      await expect(channel(session?.streamUrl ?? '', session?.tokenValue ?? '', '')).rejects.toThrow('failed');
    } finally {
      client.destroy();
      await a[Symbol.asyncDispose]();
      await store?.drop();
    }
  },
  90_000,
);
