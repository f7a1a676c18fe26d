import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { commandTable } from './command-table.ts';
import { call, envFor } from './testing/call.ts';
import { testFolder } from './testing/data-folder.ts';
import { jsonServer } from './testing/json-server.ts';
import { smallServerPart } from './testing/small-server.ts';

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await call(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });

  it.each(commandTable.map((each) => each.name))('explains %s with an example', async (name) => {
    const parts = { up: async () => smallServerPart };
    const { code, out } = await call([name, '--help'], { parts });
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: longshore ${name} `));
    expect(out).toMatch(/\nExamples?:\n {2}(?:eval "\$\()?longshore /);
    expect(await call(['help', name], { parts })).toEqual({ code: 0, out, err: '' });
  });

  it('suggests the command that was meant, as wrong usage', async () => {
    const { code, err } = await call(['imges']);
    expect(code).toBe(2);
    expect(err).toMatch(/Did you mean images\?/);
  });

  it('takes an unknown option for wrong usage', async () => {
    const { code, err } = await call(['ps', '--nope']);
    expect(code).toBe(2);
    expect(err).toMatch(/unknown option '--nope'/);
  });
});

describe('finding the server', () => {
  it('says that nobody answers and where the address came from', async () => {
    const server = await jsonServer({});
    await server.close();
    const { code, err } = await call(['ps'], { env: envFor(server.url) });
    expect({ code, err }).toEqual({
      code: 1,
      err: `Longshore is not running at ${server.url} (from AWS_ENDPOINT_URL; ECONNREFUSED).\nStart it with: longshore up --detach\n`,
    });
  });

  it('says so when something else answers there', async () => {
    const other = createServer((_request, response) => response.end('<html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const answers = await Promise.all(
      [['ps'], ['account', 'list']].map((argv) => call(argv, { env: envFor(`http://127.0.0.1:${port}`) })),
    );
    other.closeAllConnections();
    other.close();
    expect(answers.map((each) => [each.code, each.err.split(' (')[0]])).toEqual([
      [1, `What answers at http://127.0.0.1:${port}`],
      [1, `What answers at http://127.0.0.1:${port}`],
    ]);
  });

  it('says so when there is no server in the data folder', async () => {
    const { code, err } = await call(['ps']);
    expect(code).toBe(1);
    expect(err).toMatch(/^Longshore is not running with the data folder \/nonexistent\.\nStart it with/);
  });

  it('takes address and key from the data folder, also against the environment if it is named', async () => {
    const folder = await testFolder();
    const server = await jsonServer({ ListAccounts: () => ({ accounts: [] }) });
    await folder.fill(server.url);
    const quiet = await call(['account', 'list', '--json'], { env: { LONGSHORE_DATA: folder.path } });
    expect(quiet).toEqual({ code: 0, out: '[]\n', err: '' });
    const named = await call(['account', 'list', '--json', '--data', folder.path], {
      env: envFor('http://127.0.0.1:1'),
    });
    expect(named.code).toBe(0);
    await server.close();
  });

  it.each(['ftp://x', 'nonsense', 'http://user:pw@x', 'http://x?y'])('refuses the address %s', async (endpoint) => {
    const { code, err } = await call(['ps', '--endpoint', endpoint], { env: envFor('http://127.0.0.1:1') });
    expect({ code, err }).toEqual({ code: 1, err: 'The address of --endpoint must be like http://127.0.0.1:7077.\n' });
  });

  it('passes on why an address cannot be asked at all', async () => {
    const { code, err } = await call(['account', 'list'], { env: envFor('http://127.0.0.1:1') });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'http://127.0.0.1:1 (from AWS_ENDPOINT_URL) cannot be reached: bad port\n',
    });
  });

  it('asks for a key where there is none', async () => {
    const { code, err } = await call(['ps', '--endpoint', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(err).toMatch(/no access key for http:\/\/127\.0\.0\.1:1\.\nSet AWS_ACCESS_KEY_ID/);
  });
});
