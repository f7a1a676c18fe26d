// Whose keys are handed out: those of a task's own role to who knows their id; those of its execution role to the agent alone.
import type { AcsRoleCredentials } from '@longshore/aws';
import { expect, test } from 'vitest';
import { newRecord } from '../task/record.ts';
import { taskOf } from '../testing/harness.ts';
import { createRoleKeys } from './role-keys.ts';

const keysOf = (role: string): AcsRoleCredentials => ({
  credentialsId: `id-of-${role}`,
  roleArn: `arn:aws:iam::123456789012:role/${role}`,
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: `secret of ${role}`,
  sessionToken: 'token',
  expiration: '2030-01-01T00:00:00.000Z',
});

test('no id leads to the keys of an execution role, and no file has any', () => {
  const keys = createRoleKeys();
  const [roleCredentials, executionRoleCredentials] = [keysOf('app'), keysOf('fetches')];
  const record = newRecord({ ...taskOf([]), roleCredentials, executionRoleCredentials });
  expect(JSON.stringify(record)).not.toContain('secret');
  // Until they have come, the task waits.
  expect(() => keys.execution(record)).toThrow(/have not come yet/);
  keys.put(record.task.arn, roleCredentials);
  keys.putExecution(record.task.arn, executionRoleCredentials);
  expect(keys.execution(record)).toEqual(executionRoleCredentials);
  expect(keys.answer('id-of-app')).toMatchObject({ status: 200, body: { SecretAccessKey: 'secret of app' } });
  expect(keys.answer('id-of-fetches').status).toBe(400);
  keys.drop(record.task.arn);
  expect(keys.answer('id-of-app').status).toBe(400);
  expect(() => keys.execution(record)).toThrow(/have not come yet/);
  expect(keys.execution(newRecord(taskOf([])))).toBeUndefined();
});
