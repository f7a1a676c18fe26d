// For tests of `up` and `down`: a program like bin/longshore.ts whose server part is a small one, told by its settings
// what to do: serve, fail at the start, or have no hello.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock, UserError } from '@longshore/base';
import { processIo } from '../process-io.ts';
import { runCli } from '../run-cli.ts';
import type { CliParts, RunningServer, ServerPart, ServerSettings } from '../types.ts';
import { writeRunningFile } from './running-file.ts';

interface SmallSettings extends ServerSettings {
  readonly mode: string;
}

export const smallServerProgram = fileURLToPath(import.meta.url);

function setting(key: string, flag: string, env: string) {
  return { key, flag, env, description: key, default: '' };
}

export const smallServerPart: ServerPart = {
  settingsTable: [
    setting('data', '--data <dir>', 'LONGSHORE_DATA'),
    setting('mode', '--mode <mode>', 'LONGSHORE_MODE'),
    setting('hello', '--no-hello', 'LONGSHORE_HELLO'),
  ],
  readSettings({ flags, env, file }) {
    const fromFile = (file as { mode?: string } | undefined)?.mode;
    const mode = (flags.mode as string | undefined) ?? env.LONGSHORE_MODE ?? fromFile ?? 'serve';
    if (mode === 'wrong') throw new UserError('the option --mode has a wrong value');
    const settings: SmallSettings = { data: flags.data as string, logLevel: 'info', mode };
    return settings;
  },
  consoleLogger: () => silentLogger,
  async startServer(settings, { onProgress }): Promise<RunningServer> {
    const { mode, data } = settings as SmallSettings;
    if (mode === 'fail') throw new UserError('Cannot listen on port 1', 'Choose another one.');
    const server = createServer((_request, response) => response.end('ready'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeRunningFile(data, url, process.pid);
    onProgress(`mode ${mode}`);
    const done = Promise.withResolvers<void>();
    if (mode === 'breaks') done.reject(new UserError('store failed: disk full', 'See the log.'));
    return {
      url,
      done: done.promise,
      hello: mode === 'no-hello' ? Promise.reject(new Error('no Docker')) : Promise.resolve(`${url}/hello`),
      async stop() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        process.stderr.write('stopped in order\n');
        done.resolve();
      },
    };
  },
};

if (process.argv[1] === smallServerProgram) {
  const parts: CliParts = {
    version: '1.2.3',
    program: smallServerProgram,
    up: async () => smallServerPart,
    agent: () => Promise.reject(new Error('no agent here')),
    io: processIo(),
    clock: systemClock,
  };
  process.exit(await runCli(process.argv.slice(2), parts));
}
