import { expect, test } from 'vitest';
import { readSettings, settingsTable } from './settings.ts';

test('defaults are complete', () => {
  const settings = readSettings({});
  expect(settings.listen).toEqual({ host: '127.0.0.1', port: 7077 });
  expect(settings.hello).toBe(true);
  expect(settings.uploadTtl).toBe(24 * 3_600_000);
});

test('a flag wins over the environment, that over the file', () => {
  const file = { region: 'eu-west-1', listen: '127.0.0.1:1', data: '/from-file' };
  const env = { LONGSHORE_REGION: 'eu-west-2', LONGSHORE_LISTEN: '127.0.0.1:2' };
  const settings = readSettings({ file, env, flags: { region: 'eu-west-3' } });
  expect(settings.region).toBe('eu-west-3');
  expect(settings.listen.port).toBe(2);
  expect(settings.data).toBe('/from-file');
});

test.each([
  [{ LONGSHORE_LISTEN: '7077' }, /LONGSHORE_LISTEN.*HOST:PORT/],
  [{ LONGSHORE_LISTEN: '127.0.0.1:70770' }, /HOST:PORT/],
  [{ LONGSHORE_STORE: 'mysql://x' }, /LONGSHORE_STORE.*postgres/],
  [{ LONGSHORE_HELLO: 'maybe' }, /LONGSHORE_HELLO.*true or false/],
  [{ LONGSHORE_UPLOAD_TTL: '5 parsecs' }, /LONGSHORE_UPLOAD_TTL.*unit/],
  [{ LONGSHORE_COLLECT_GRACE: '9s' }, /LONGSHORE_COLLECT_GRACE.*at least 10s/],
  [{ LONGSHORE_CLUSTER: 'a b' }, /LONGSHORE_CLUSTER.*letters/],
  [{ LONGSHORE_PUBLISH_ADDRESS: 'eth0' }, /LONGSHORE_PUBLISH_ADDRESS.*IP address/],
  [{ LONGSHORE_PULL_THROUGH_INSECURE: 'http://x' }, /LONGSHORE_PULL_THROUGH_INSECURE.*hosts/],
  [{ LONGSHORE_LOG_LEVEL: 'loud' }, /LONGSHORE_LOG_LEVEL.*debug/],
])('%j is refused with the reason', (env, message) => {
  expect(() => readSettings({ env })).toThrow(message);
});

test('an unknown key of the config file is refused and the known ones are named', () => {
  expect(() => readSettings({ file: { lisen: 'x' }, fileName: 'c.json' })).toThrow(/c\.json.*lisen.*listen/);
});

test('every setting has an environment variable and a flag of its own', () => {
  expect(new Set(settingsTable.map((each) => each.env)).size).toBe(settingsTable.length);
  expect(settingsTable.map((each) => each.key).sort()).toEqual([
    'accessLog',
    'advertiseAddress',
    'agent',
    'agentLostAfter',
    'agentReturnGrace',
    'agentTtl',
    'balanceAddress',
    'blobs',
    'cluster',
    'collectEvery',
    'collectGrace',
    'data',
    'dnsListen',
    'dockerHost',
    'externalKms',
    'gpus',
    'haproxy',
    'hello',
    'imageMinAge',
    'imagePull',
    'listen',
    'logLevel',
    'machineGroups',
    'measureEvery',
    'preparedNetworks',
    'prometheus',
    'publicUrl',
    'publishAddress',
    'pullThroughInsecure',
    'pullThroughPrivate',
    'pullThroughTagTtl',
    'region',
    'replicaUrl',
    'scaleInAfter',
    'scheduler',
    'schedulerFailure',
    'schedulerTimeout',
    'store',
    'taskEndpoint',
    'taskFiles',
    'taskFilesS3',
    'taskNetwork',
    'uploadTtl',
  ]);
});
