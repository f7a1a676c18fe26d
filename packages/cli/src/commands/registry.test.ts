import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer } from '../testing/json-server.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

it('says what a collection would do and why, and does nothing', async () => {
  const actions = [
    { action: 'unlink', account: '111122223333', repository: 'shop', digest, size: 2048, why: 'nothing names it' },
    { action: 'remove', digest, size: 2048, why: 'nothing links it' },
  ];
  const server = await jsonServer({
    CollectRegistry: () => ({ preview: { actions, removedBytes: 2048, more: false } }),
  });
  const { code, out, err } = await call(['registry', 'collect', '--dry-run'], { env: envFor(server.url) });
  await server.close();
  expect(code).toBe(0);
  expect(out).toBe(
    'ACTION  ACCOUNT       REPOSITORY  DIGEST                  SIZE  WHY\n' +
      'unlink  111122223333  shop        sha256:abababababab  2.0 KiB  nothing names it\n' +
      'remove  -             -           sha256:abababababab  2.0 KiB  nothing links it\n',
  );
  expect(err).toBe('2.0 KiB would be removed.\n');
  expect(server.calls).toEqual([{ operation: 'CollectRegistry', input: { dryRun: true } }]);
});

it('collects until there is no more to do', async () => {
  let left = 3;
  const server = await jsonServer({
    CollectRegistry: () => ({
      outcome: { unlinked: 1, removed: 2, removedBytes: 1024, failed: 0, more: --left > 0, elsewhere: false },
    }),
  });
  const { out } = await call(['registry', 'collect'], { env: envFor(server.url) });
  await server.close();
  expect(out).toBe('Removed 6 blobs (3.0 KiB) and 3 links.\n');
});

it('reports every page of repositories, and the total', async () => {
  const row = { manifests: 1, layers: 2, bytes: 4096, sharedBytes: 1024 };
  const server = await jsonServer({
    ReportRegistryStorage: ({ after }) =>
      after === ''
        ? { repositories: [{ ...row, repository: 'a' }], next: 'a' }
        : { repositories: [{ ...row, repository: 'b' }] },
    GetStatus: () => ({
      version: '1',
      startedAt: 0,
      store: 'sqlite',
      region: 'us-east-1',
      registry: { repositories: 2, images: 2, bytes: 7168 },
      containers: { clusters: 0, instances: 0, connectedInstances: 0, runningTasks: 0, pendingTasks: 0, services: 0 },
    }),
  });
  const { out } = await call(['registry', 'report'], { env: envFor(server.url) });
  await server.close();
  expect(out).toBe(
    'REPOSITORY  MANIFESTS  LAYERS     SIZE   SHARED\n' +
      'a                   1       2  4.0 KiB  1.0 KiB\n' +
      'b                   1       2  4.0 KiB  1.0 KiB\n' +
      '7.0 KiB in all, with shared bytes counted once.\n',
  );
});

it('wraps data keys anew until none is left, and says which keys refuse', async () => {
  const key = 'arn:aws:kms:us-east-1:111122223333:key/k';
  let left = 2;
  const server = await jsonServer({
    RewrapRegistry: () => ({
      before: 1234,
      outcome: { rewrapped: 5, failures: [{ key, reason: 'it is disabled' }], more: --left > 0 },
    }),
  });
  const { out, err } = await call(['registry', 'rewrap'], { env: envFor(server.url) });
  await server.close();
  expect(out).toBe('Wrapped 10 data keys anew.\n');
  expect(err).toBe(`${key}: it is disabled\n`);
  expect(server.calls.map((each) => each.input)).toEqual([{}, { before: 1234 }]);
});
