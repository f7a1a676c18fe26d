// Times of pulls while pulls go on.
import { digestOf, parseAccountId, silentLogger, systemClock } from '@longshore/base';
import type { Store, View } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { expect, test } from 'vitest';
import { parseRepositoryName } from './names.ts';
import { createPullRecorder, type PullRecorder } from './pulls.ts';
import { registryMigrations } from './schema.ts';

test.each(testStores())('what is pulled while times are written waits for the next time, on $name', async (backEnd) => {
  const { store, close } = await backEnd.open(registryMigrations);
  const account = parseAccountId('111122223333');
  const name = parseRepositoryName('pulled');
  if (!account || !name) throw new Error('not valid');
  let writes = 0;
  const pull = () => recorder.record({ id: 'a', account, name }, digestOf('popular'), 'arn:aws:iam::111122223333:root');
  const whilePulled: View & Pick<Store, 'write'> = {
    get: (query) => store.get(query),
    all: (query) => store.all(query),
    write: (steps) => {
      writes += 1;
      if (writes < 10) pull();
      return store.write(steps);
    },
  };
  const recorder: PullRecorder = createPullRecorder({ store: whilePulled, clock: systemClock, log: silentLogger });
  pull();
  await recorder.flush();
  expect(writes).toBe(1);
  await recorder.flush();
  expect(writes).toBe(2);
  await close();
});
