import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { call } from '../testing/call.ts';
import { testFolder } from '../testing/data-folder.ts';

it('prints what a shell takes, whatever an older answer left in the environment', async () => {
  const folder = await testFolder();
  await folder.fill('http://127.0.0.1:7077');
  const env = { LONGSHORE_DATA: folder.path, AWS_ENDPOINT_URL: 'http://old:1', AWS_ACCESS_KEY_ID: 'OLD' };
  const { code, out } = await call(['env'], { env });
  expect(code).toBe(0);
  const names = [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_DEFAULT_REGION',
    'AWS_ENDPOINT_URL',
    'LONGSHORE_REGISTRY',
    'LONGSHORE_ACCOUNT',
  ];
  const script = `eval "$1"; printf '%s\\n' ${names.map((name) => `"$${name}"`).join(' ')}`;
  expect(execFileSync('/bin/sh', ['-c', script, 'sh', out], { encoding: 'utf8' }).split('\n')).toEqual([
    'AKIA',
    "s'e c",
    'us-east-1',
    'http://127.0.0.1:7077',
    '127.0.0.1:7077',
    '111122223333',
    '',
  ]);
});

it('offers a function for old AWS CLIs that names the endpoint unless the caller does', async () => {
  const folder = await testFolder();
  await folder.fill('http://127.0.0.1:7077');
  const { out } = await call(['env', '--data', folder.path, '--shell-function']);
  const fake = 'command() { shift; printf "<%s>" "$@"; echo; }';
  const script = `${fake}; eval "$1"; aws ecs list-clusters; aws --endpoint-url http://x ecs; aws a 'b c'`;
  expect(execFileSync('/bin/sh', ['-c', script, 'sh', out], { encoding: 'utf8' })).toBe(
    '<--endpoint-url><http://127.0.0.1:7077><ecs><list-clusters>\n' +
      '<--endpoint-url><http://x><ecs>\n' +
      '<--endpoint-url><http://127.0.0.1:7077><a><b c>\n',
  );
});

it('prints JSON', async () => {
  const folder = await testFolder();
  await folder.fill('http://[::1]:80');
  const { out } = await call(['env', '--json', '--data', folder.path]);
  expect(JSON.parse(out)).toMatchObject({ LONGSHORE_REGISTRY: '[::1]:80', AWS_SECRET_ACCESS_KEY: "s'e c" });
});

it('fails without a running server: with nothing to evaluate, and what to do', async () => {
  const folder = await testFolder();
  const { code, out, err } = await call(['env', '--data', folder.path]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toBe(
    `Longshore is not running with the data folder ${folder.path}.\n` +
      'Start it with: longshore up --detach (or name another folder with --data DIR)\n',
  );
});
