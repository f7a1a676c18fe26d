// bin/longshore as users call it: through a link, from elsewhere, with whatever Node the machine has.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { testFolder } from './testing/data-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

it('works through links to it, from any folder', async () => {
  const folder = await testFolder();
  symlinkSync(join(root, 'bin/longshore'), join(folder.path, 'one'));
  symlinkSync('one', join(folder.path, 'two'));
  const env = { PATH: '/usr/bin:/bin', HOME: folder.path };
  const printed = execFileSync(join(folder.path, 'two'), ['--version'], { cwd: folder.path, encoding: 'utf8', env });
  expect(printed).toBe(`${manifest.version}\n`);
});

it('ends with the exit code of the command and prints nothing else', async () => {
  const folder = await testFolder();
  const options = { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: folder.path } } as const;
  const failed = spawnSync(join(root, 'bin/longshore'), ['env', '--data', folder.path], options);
  expect(failed).toMatchObject({ status: 1, stdout: '' });
  expect(failed.stderr).toMatch(/^Longshore is not running with the data folder .*\nStart it with: .*\n$/);
  expect(spawnSync(join(root, 'bin/longshore'), ['env', '--nope'], options).status).toBe(2);
});

it('keeps its compiled code where only its user can write', async () => {
  const folder = await testFolder();
  const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', XDG_CACHE_HOME: folder.path };
  execFileSync(join(root, 'bin/longshore'), ['--version'], { env });
  expect(execFileSync('ls', [join(folder.path, 'longshore')], { encoding: 'utf8' })).toBe('node\n');
});

it('says what to do where the packages are not installed', async () => {
  const folder = await testFolder();
  mkdirSync(join(folder.path, 'bin'));
  copyFileSync(join(root, 'bin/longshore'), join(folder.path, 'bin/longshore'));
  const failed = spawnSync(join(folder.path, 'bin/longshore'), [], { encoding: 'utf8' });
  expect(failed).toMatchObject({ status: 1, stdout: '' });
  expect(failed.stderr).toContain(`Run: (cd '${folder.path}' && npm ci)`);
});
