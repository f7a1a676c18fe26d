// Who the agent is: never more than what is on disk. An identity that a crash would lose leaves a container instance behind
// whose tasks nobody ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disk, realDisk } from '@longshore/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openInstanceFile } from './instance.ts';

let folder: string;
let full: boolean;
const disk: Disk = {
  ...realDisk,
  open: (...args) => (full ? Promise.reject(new Error('ENOSPC')) : realDisk.open(...args)),
};
beforeEach(async () => {
  full = false;
  folder = await mkdtemp(join(tmpdir(), 'longshore-instance-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what could not be saved is not current, and does not come back', async () => {
  const file = await openInstanceFile(folder, 'default', disk);
  await file.update({ instanceArn: 'arn:old' });
  full = true;
  await expect(file.update({ instanceArn: 'arn:new' })).rejects.toThrow('ENOSPC');
  expect(file.current().instanceArn).toBe('arn:old');
  full = false;
  await file.update({ lastSequence: 7 });
  expect(file.current()).toMatchObject({ instanceArn: 'arn:old', lastSequence: 7 });
  expect((await openInstanceFile(folder, 'default')).current()).toEqual(file.current());
});

test('updates at the same time follow each other, each on what the one before left', async () => {
  const file = await openInstanceFile(folder, 'default', disk);
  const raise = (to: number) => file.update((now) => ({ lastSequence: Math.max(now.lastSequence, to) }));
  await Promise.all([raise(3), raise(9), raise(5), file.update({ instanceArn: 'arn:it' })]);
  expect(file.current()).toMatchObject({ lastSequence: 9, instanceArn: 'arn:it' });
});
