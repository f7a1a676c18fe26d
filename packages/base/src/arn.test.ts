// ARNs are taken apart and put together without loss.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatArn, parseAccountId, parseArn } from './arn.ts';

describe('an ARN', () => {
  it('keeps the colons and slashes of its resource', () => {
    expect(parseArn('arn:aws:ecs:us-east-1:123456789012:task-definition/web:7')).toEqual({
      partition: 'aws',
      service: 'ecs',
      region: 'us-east-1',
      account: '123456789012',
      resource: 'task-definition/web:7',
    });
    expect(parseArn('arn:aws:iam::123456789012:root')).toMatchObject({ region: '', resource: 'root' });
    expect(parseArn('arn:aws:s3:::bucket/key')).toMatchObject({ account: '', resource: 'bucket/key' });
  });

  it('is what it was made of', () => {
    const word = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    const parts = fc.record({ service: word, region: word, account: word, resource: fc.string() });
    fc.assert(
      fc.property(parts, (made) => {
        expect(parseArn(formatArn(made))).toEqual({ partition: 'aws', ...made });
      }),
    );
  });

  it.each(['', 'arn', 'arn:aws:ecs:us-east-1:1', 'urn:aws:ecs:r:a:x', 'arn::ecs:r:a:x', 'arn:aws::r:a:x'])(
    'is not %j',
    (text) => {
      expect(parseArn(text)).toBeUndefined();
    },
  );
});

describe('an account id', () => {
  it('is twelve digits', () => {
    expect(parseAccountId('000000000001')).toBe('000000000001');
    for (const text of [
      '',
      '12345678901',
      '1234567890123',
      '12345678901a',
      '１２３４５６７８９０１２',
      '123456789012\n',
    ]) {
      expect(parseAccountId(text)).toBeUndefined();
    }
  });
});
