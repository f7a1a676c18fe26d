// Reading references, values and files: what is taken, what is refused, and that nothing leads out of the folder.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeEnvironmentFiles, parseEnvironmentFile } from './environment-file.ts';
import { machineFiles } from './machine-files.ts';
import { parseSecretReference } from './reference.ts';
import { parseObjectArn, parsePlace, s3Objects } from './s3-objects.ts';
import { loginOf, valueAt } from './value.ts';

const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf';

test('a reference is an ARN with its three suffixes, or a file with a key', () => {
  expect(parseSecretReference(arn)).toEqual({ kind: 'asm', secretId: arn });
  expect(parseSecretReference(`${arn}:password::`)).toMatchObject({ secretId: arn, jsonKey: 'password' });
  expect(parseSecretReference(`${arn}::AWSPREVIOUS:`)).toEqual({
    kind: 'asm',
    secretId: arn,
    jsonKey: undefined,
    versionStage: 'AWSPREVIOUS',
    versionId: undefined,
  });
  expect(parseSecretReference(`${arn}:k:s:v`)).toMatchObject({ jsonKey: 'k', versionStage: 's', versionId: 'v' });
  expect(parseSecretReference('file:db/password')).toEqual({ kind: 'file', name: 'db/password', jsonKey: undefined });
  expect(parseSecretReference('file:db.json:password')).toMatchObject({ name: 'db.json', jsonKey: 'password' });
  for (const other of ['', 'name', 'file:', 'arn:aws:ssm:us-east-1:123456789012:parameter/x', `${arn}:a:b:c:d`])
    expect(parseSecretReference(other)).toBeUndefined();
});

test('a key picks a member of a JSON object; what is missing is named, never what is there', () => {
  expect(valueAt('plain', undefined, arn)).toBe('plain');
  expect(valueAt('{"a":"x","n":5,"o":{"b":true}}', 'a', arn)).toBe('x');
  expect(valueAt('{"n":5}', 'n', arn)).toBe('5');
  expect(() => valueAt('{"a":"hidden"}', 'b', arn)).toThrow(/did not contain json key b/);
  expect(() => valueAt('hidden', 'b', arn)).toThrow(/^(?!.*hidden).*is not JSON/);
  expect(() => valueAt('{}', 'constructor', arn)).toThrow(/json key/);
  expect(loginOf('{"username":"u","password":"p"}')).toEqual({ username: 'u', password: 'p' });
  expect(() => loginOf('{"username":"u"}')).toThrow(/username and password/);
});

test('an environment file has a variable a line, taken as it is; the first file that has a name wins', () => {
  const text = '# comment\n\nA=1\r\n  B = two words \nC="quoted"\nA=2\nno equals\n=nameless\nD=x=y\nE=';
  expect(parseEnvironmentFile(text)).toEqual({ A: '1', B: ' two words ', C: '"quoted"', D: 'x=y', E: '' });
  expect(mergeEnvironmentFiles([{ A: '1' }, { A: '2', B: '2' }])).toEqual({ A: '1', B: '2' });
});

test('only objects below the one place are read', async () => {
  const place = parsePlace('s3://bucket/env/?endpoint=http://127.0.0.1:9&region=eu-west-1&profile=tasks');
  expect(place).toMatchObject({ bucket: 'bucket', prefix: 'env/', region: 'eu-west-1', profile: 'tasks' });
  expect(parseObjectArn('arn:aws:s3:::bucket/env/a.env')).toEqual({ bucket: 'bucket', key: 'env/a.env' });
  expect(() => parsePlace('http://bucket')).toThrow(/not understood/);
  const read = s3Objects('s3://bucket/env/?endpoint=http://127.0.0.1:9');
  const signal = AbortSignal.timeout(5_000);
  await expect(read('arn:aws:s3:::bucket/other.env', signal)).rejects.toThrow(/not below the place/);
  await expect(read('arn:aws:s3:::another/env/a.env', signal)).rejects.toThrow(/not below the place/);
  await expect(s3Objects(undefined)('arn:aws:s3:::bucket/env/a.env', signal)).rejects.toThrow(/reads no environment/);
});

describe('files of the machine', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'longshore-task-files-'));
    await mkdir(join(dir, 'files/sub'), { recursive: true });
    await writeFile(join(dir, 'files/sub/a.env'), 'A=1');
    await writeFile(join(dir, 'outside'), 'secret');
    await symlink('../outside', join(dir, 'files/link'));
    await writeFile(join(dir, 'files/long'), Buffer.alloc(65_537));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('one inside of the folder is read; nothing leads out', async () => {
    const files = machineFiles(join(dir, 'files'));
    expect(await files.read('sub/a.env')).toBe('A=1');
    for (const [name, why] of [
      ['link', /leads out/],
      ['../outside', /not a name/],
      ['/etc/passwd', /not a name/],
      ['missing', /cannot be read on this machine \(ENOENT\)/],
      ['sub', /must be a file/],
      ['long', /at most 65536/],
    ] as const)
      await expect(files.read(name)).rejects.toThrow(why);
    await expect(machineFiles(undefined).read('a')).rejects.toThrow(/gives no files/);
  });
});
