// The audit trail: what becomes of an entry, and that neither a failing store nor a crowd does harm.
import type { AuditEntry, Principal } from '@longshore/aws';
import { memoryMeter, parseAccountId, silentLogger, systemClock } from '@longshore/base';
import { sql, type Store, storeMigrations } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuditTrail } from './audit-trail.ts';

const account = parseAccountId('111122223333');
if (!account) throw new Error('account');
const principal: Principal = { account, arn: `arn:aws:iam::${account}:user/ann`, userId: 'AIDAANN', kind: 'user' };

function entry(operation: string, more: Partial<AuditEntry> = {}): AuditEntry {
  const context = {
    requestId: 'r-1',
    sourceIp: '192.0.2.7',
    baseUrl: '',
    userAgent: 'docker/26',
    now: 1_700_000_000_000,
  };
  const resources = [`arn:aws:ecr:us-east-1:${principal.account}:repository/a/b`];
  return { service: 'ecr', operation, principal, context, recipient: principal.account, resources, ...more };
}

describe.each(testStores())('on $name', (backEnd) => {
  let store: Store;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ store, close } = await backEnd.open(storeMigrations));
  });
  afterAll(() => close());

  const parts = { clock: systemClock, region: 'us-east-1' };
  const details = async () =>
    (await store.all<{ detail: string }>(sql`SELECT detail FROM outbox ORDER BY id`)).map(
      (row) => JSON.parse(row.detail) as Record<string, unknown>,
    );

  test('an entry is a line of the log at once and an event of CloudTrail’s shape after the stop at the latest', async () => {
    const lines: unknown[] = [];
    const log = { ...silentLogger, info: (fields: unknown) => void lines.push(fields) };
    const meter = memoryMeter();
    const trail = createAuditTrail({ ...parts, store, log, meter });
    trail.record(entry('PutImage', { parameters: { repositoryName: 'a/b' } }));
    trail.record(entry('BatchDeleteImage', { error: { code: 'AccessDeniedException', message: 'no' } }));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      audit: { principal: principal.arn, operation: 'PutImage', sourceIp: '192.0.2.7' },
    });
    await trail.service.stop();
    expect(await details()).toEqual([
      expect.objectContaining({
        eventName: 'PutImage',
        eventSource: 'ecr.amazonaws.com',
        sourceIPAddress: '192.0.2.7',
        userIdentity: { type: 'IAMUser', principalId: 'AIDAANN', arn: principal.arn, accountId: principal.account },
        requestParameters: { repositoryName: 'a/b' },
      }),
      expect.objectContaining({
        eventName: 'BatchDeleteImage',
        errorCode: 'AccessDeniedException',
        errorMessage: 'no',
      }),
    ]);
    const failed = { service: 'ecr', result: 'failed' };
    expect(meter.value('longshore_audit_entries_total', failed)).toBe(1);
  });

  test('what the store does not take is kept in bounds and taken later', async () => {
    const meter = memoryMeter();
    const refusing = { ...store, write: () => Promise.reject(new Error('full')) };
    let target: Store = refusing;
    const write: Store['write'] = (steps) => target.write(steps);
    const trail = createAuditTrail({ ...parts, store: { ...store, write }, log: silentLogger, meter });
    for (let i = 0; i < 10_050; i++) trail.record(entry(`Call${i}`));
    await expect(trail.service.stop()).rejects.toThrow('full');
    target = store;
    const before = (await details()).length;
    await trail.service.stop();
    expect((await details()).length - before).toBe(10_000);
    expect(meter.value('longshore_audit_events_missed_total')).toBe(50);
  });
});
