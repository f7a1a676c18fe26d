// The whole life of a server in the background and in the foreground, in processes of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@longshore/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readRunning } from '../data-folder.ts';
import { call, type Called } from '../testing/call.ts';
import { type TestFolder, testFolder } from '../testing/data-folder.ts';
import { smallServerPart, smallServerProgram } from '../testing/small-server.ts';

/** A data folder whose server, if one is left running, is ended after the test. */
async function serverFolder(): Promise<TestFolder> {
  const folder = await testFolder();
  onTestFinished(async () => void (await call(['down', '--data', folder.path])));
  return folder;
}

function up(folder: TestFolder, ...argv: string[]): Promise<Called> {
  return call(['up', '--data', folder.path, ...argv], {
    parts: { program: smallServerProgram, up: async () => smallServerPart },
  });
}

/** A program that ends with the test. */
function start(...argv: string[]) {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('up --detach', () => {
  it('returns when the server answers, says where it and hello are, and down ends it', async () => {
    const folder = await serverFolder();
    const { code, out, err } = await up(folder, '--detach');
    expect(code).toBe(0);
    expect(err).toBe('mode serve\n');
    const running = await readRunning(folder.path);
    expect(out).toBe(
      `Longshore runs at ${running?.url} in the background; its data is in ${folder.path}, its log ${folder.path}/longshore.log.\n` +
        `Hello is served at ${running?.url}/hello\n` +
        'Next: eval "$(longshore env)"; stop it with: longshore down\n',
    );
    expect((await fetch(`${running?.url}/`)).status).toBe(200);

    const again = await up(folder, '--detach');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('already runs') });
    const foreground = await up(folder);
    expect(foreground).toMatchObject({ code: 1, err: expect.stringContaining('Stop it with: longshore down') });

    const down = await call(['down', '--data', folder.path]);
    expect(down).toEqual({ code: 0, out: 'Longshore is stopped; its containers run on.\n', err: '' });
    expect(await readRunning(folder.path)).toBeUndefined();
    await expect(fetch(`${running?.url}/`)).rejects.toThrow('fetch failed');
    expect(await readFile(join(folder.path, 'longshore.log'), 'utf8')).toContain('Stopping; the containers run on.');
  });

  it('says why the server did not start, in its own words', async () => {
    const folder = await serverFolder();
    const { code, err } = await up(folder, '--detach', '--mode', 'fail');
    expect(code).toBe(1);
    expect(err).toContain('did not start (exit code 1). It said:\nCannot listen on port 1\nChoose another one.\n');
  });

  it('runs on when only hello does not', async () => {
    const folder = await serverFolder();
    const { code, err } = await up(folder, '--detach', '--mode', 'no-hello');
    expect({ code, err }).toEqual({ code: 0, err: 'mode no-hello\nThe hello service does not run: no Docker\n' });
  });

  it('refuses wrong settings before anything is started', async () => {
    const folder = await serverFolder();
    const { code, err } = await up(folder, '--detach', '--mode', 'wrong');
    expect({ code, err }).toEqual({ code: 1, err: 'the option --mode has a wrong value\n' });
  });

  it('reads the config file that is named', async () => {
    const folder = await serverFolder();
    const file = join(folder.path, 'config.json');
    await writeFile(file, '{"mode": "fail"}');
    expect((await up(folder, '--detach', '--config', file)).err).toContain('Cannot listen on port 1');
    await writeFile(file, '{');
    expect((await up(folder, '--detach', '--config', file)).err).toContain(`The config file ${file} cannot be read`);
  });
});

describe('up in the foreground', () => {
  it('serves until it is interrupted, then stops in order', async () => {
    const folder = await serverFolder();
    const child = start(smallServerProgram, 'up', '--data', folder.path);
    let out = '';
    const exited = once(child, 'exit');
    for await (const piece of child.stdout) {
      out += String(piece);
      if (out.includes('Hello is served')) break;
    }
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(out).toMatch(/^mode serve\nLongshore runs at http:\S+; its data is in \S+\.\nHello is served at/);
  });

  it('ends in order when a part of it fails for good, and says why', async () => {
    const folder = await serverFolder();
    const child = spawn(process.execPath, [smallServerProgram, 'up', '--data', folder.path, '--mode', 'breaks']);
    let err = '';
    child.stderr.on('data', (piece) => {
      err += String(piece);
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(err).toBe('stopped in order\nstore failed: disk full\nSee the log.\n');
  });

  it('shows every setting with its variable in the help', async () => {
    const folder = await serverFolder();
    const { code, out } = await up(folder, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/--mode <mode>.*\[LONGSHORE_MODE\]/);
  });
});

describe('down', () => {
  it('is content when nothing runs', async () => {
    const folder = await serverFolder();
    expect(await call(['down', '--data', folder.path])).toMatchObject({ code: 0, err: '' });
  });

  it('never signals a process that only has the same pid', async () => {
    const folder = await serverFolder();
    const child = start('-e', 'setTimeout(() => {}, 60_000)');
    await folder.fill('http://127.0.0.1:1', child.pid);
    const file = join(folder.path, 'longshore.json');
    const written = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...written, startTime: '1' }));
    const { out } = await call(['down', '--data', folder.path]);
    expect(out).toMatch(/is not running/);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });

  it('says so when the process does not end in time', async () => {
    const folder = await serverFolder();
    const stubborn = "process.on('SIGTERM', () => {}); setTimeout(() => {}, 60_000); console.log('on')";
    const child = start('-e', stubborn);
    await once(child.stdout, 'data');
    await folder.fill('http://127.0.0.1:1', child.pid);
    const started = systemClock.now();
    const { code, err } = await call(['down', '--data', folder.path, '--timeout', '1']);
    child.kill('SIGKILL');
    expect(code).toBe(1);
    expect(err).toMatch(/has not ended after 1 s/);
    expect(systemClock.now() - started).toBeGreaterThanOrEqual(1000);
  });
});
