// The data folder is one server's.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataDir, openDataDir } from './data-dir.ts';

test('a folder in use is refused, naming who has it, until it is given back', async () => {
  const path = await mkdtemp(join(tmpdir(), 'longshore-data-'));
  onTestFinished(() => rm(path, { recursive: true }));
  const data = await openDataDir(path);
  const first = lockDataDir(data);
  expect(() => lockDataDir(data)).toThrow(`The data folder ${path} is in use by process ${process.pid}.`);
  first.release();
  lockDataDir(data).release();
});
