// Which containers may run in a prepared namespace: those for which nobody sees a difference.
import type { AcsContainer } from '@longshore/aws';
import { expect, test } from 'vitest';
import { taskOf } from '../testing/harness.ts';
import { mayJoinPrepared } from './may-join.ts';

const plain: AcsContainer = {
  name: 'main',
  image: 'busybox',
  cpu: 0,
  memory: 16,
  essential: true,
  environment: {},
  portMappings: [],
  mountPoints: [],
  volumesFrom: [],
  overrides: '',
  dockerConfig: { version: '', config: '{"Labels":{}}', hostConfig: '{"NetworkMode":"bridge","Dns":[]}' },
  containerArn: '',
};

function may(more: Partial<AcsContainer>, networkMode?: 'bridge' | 'host' | 'none'): boolean {
  const container = { ...plain, ...more };
  return mayJoinPrepared(taskOf([container], networkMode && { networkMode }), container);
}

test('a container of the default bridge that asks for nothing may', () => {
  expect(may({})).toBe(true);
  expect(may({}, 'bridge')).toBe(true);
  expect(may({ dockerConfig: { version: '', config: '', hostConfig: 'null' } })).toBe(true);
});

test('one of another network mode may not', () => {
  expect(may({}, 'host')).toBe(false);
  expect(may({}, 'none')).toBe(false);
});

test('one that publishes a port, or is linked, may not', () => {
  expect(may({ portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }] })).toBe(false);
  const other = { ...plain, name: 'other', links: ['main'] };
  expect(mayJoinPrepared(taskOf([plain, other]), plain)).toBe(false);
});

test.each([
  ['config', '{"Hostname":"db"}'],
  ['config', '{"NetworkDisabled":true}'],
  ['hostConfig', '{"Dns":["10.0.0.2"]}'],
  ['hostConfig', '{"ExtraHosts":["db:10.0.0.3"]}'],
  ['hostConfig', '{"Sysctls":{"net.core.somaxconn":"1024"}}'],
])('one that sets what belongs to its namespace may not: %s %s', (field, text) => {
  expect(may({ dockerConfig: { version: '', config: '', hostConfig: '', [field]: text } })).toBe(false);
});

test('kernel settings of other namespaces do not matter', () => {
  const hostConfig = '{"Sysctls":{"kernel.shmmax":"65536"}}';
  expect(may({ dockerConfig: { version: '', config: '', hostConfig } })).toBe(true);
});
