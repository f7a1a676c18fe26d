// The logs API by the real client over a real store: groups, streams, events put, got and filtered, and whose they are.
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { serveAccounts } from '@longshore/aws/testing';
import { silentLogger, systemClock } from '@longshore/base';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogs } from './create.ts';
import { logRetention } from './retention.ts';
import { logsMigrations } from './schema.ts';

const region = 'us-east-1';
const account = '123456789012';
const otherAccount = '210987654321';

describe.each(testStores())('on $name', (backEnd) => {
  let own: CloudWatchLogsClient;
  let stranger: CloudWatchLogsClient;
  let close: () => Promise<void>;
  let core: Parameters<typeof createLogs>[0];
  const now = Date.now();

  beforeAll(async () => {
    const opened = await backEnd.open(logsMigrations);
    core = { store: opened.store, clock: systemClock, log: silentLogger, region };
    const logs = createLogs(core);
    const server = await serveAccounts({ services: [logs.api], region, accounts: [account, otherAccount] });
    own = new CloudWatchLogsClient(server.clientOptions(account));
    stranger = new CloudWatchLogsClient(server.clientOptions(otherAccount));
    close = async () => {
      own.destroy();
      stranger.destroy();
      await server.close();
      await opened.close();
    };
  });
  afterAll(() => close());

  async function stream(logGroupName: string, ...names: string[]): Promise<void> {
    await own.send(new CreateLogGroupCommand({ logGroupName })).catch(() => undefined);
    for (const logStreamName of names) await own.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  }
  const put = (logGroupName: string, logStreamName: string, ...events: readonly [number, string][]) =>
    own.send(
      new PutLogEventsCommand({
        logGroupName,
        logStreamName,
        logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
      }),
    );
  const refused = (name: string) => expect.objectContaining({ name });

  test('groups and streams are made once, listed in pages, tagged, and deleted with what they hold', async () => {
    await stream('/a/one', 's1', 's2', 's3');
    await own.send(new CreateLogGroupCommand({ logGroupName: '/a/two', tags: { team: 'x' } }));
    await expect(own.send(new CreateLogGroupCommand({ logGroupName: '/a/one' }))).rejects.toEqual(
      refused('ResourceAlreadyExistsException'),
    );
    await expect(stream('/a/one', 's1')).rejects.toEqual(refused('ResourceAlreadyExistsException'));
    await expect(own.send(new CreateLogGroupCommand({ logGroupName: 'a b' }))).rejects.toEqual(
      refused('InvalidParameterException'),
    );
    await own.send(new PutRetentionPolicyCommand({ logGroupName: '/a/one', retentionInDays: 7 }));
    await expect(
      own.send(new PutRetentionPolicyCommand({ logGroupName: '/a/one', retentionInDays: 8 })),
    ).rejects.toEqual(refused('InvalidParameterException'));
    const first = await own.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/a/', limit: 1 }));
    expect(first.logGroups?.map((each) => [each.logGroupName, each.retentionInDays])).toEqual([['/a/one', 7]]);
    const second = await own.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: '/a/', limit: 1, nextToken: first.nextToken }),
    );
    expect(second.logGroups?.map((each) => each.logGroupName)).toEqual(['/a/two']);
    expect(second.nextToken).toBeUndefined();
    const arn = second.logGroups?.[0]?.logGroupArn ?? '';
    await own.send(new TagResourceCommand({ resourceArn: arn, tags: { stage: 'test' } }));
    await own.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['team'] }));
    expect((await own.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags).toEqual({ stage: 'test' });
    await put('/a/one', 's2', [now, 'x']);
    const byTime = await own.send(
      new DescribeLogStreamsCommand({ logGroupName: '/a/one', orderBy: 'LastEventTime', descending: true, limit: 1 }),
    );
    expect(byTime.logStreams?.map((each) => each.logStreamName)).toEqual(['s2']);
    // Those without an event come last, or first; a page ends where the next begins.
    await put('/a/one', 's1', [now - 1000, 'x']);
    for (const [descending, order] of [
      [true, ['s2', 's1', 's3']],
      [false, ['s3', 's1', 's2']],
    ] as const) {
      const names: (string | undefined)[] = [];
      let nextToken: string | undefined;
      do {
        const wanted = { logGroupName: '/a/one', orderBy: 'LastEventTime', descending, limit: 1, nextToken } as const;
        const page = await own.send(new DescribeLogStreamsCommand(wanted));
        names.push(...(page.logStreams ?? []).map((each) => each.logStreamName));
        ({ nextToken } = page);
      } while (nextToken !== undefined);
      expect(names).toEqual(order);
    }
    await own.send(new DeleteLogGroupCommand({ logGroupName: '/a/one' }));
    await expect(put('/a/one', 's2', [now, 'x'])).rejects.toEqual(refused('ResourceNotFoundException'));
  });

  test('what was put is got, forward and back, page by page, and a repeated batch is there once', async () => {
    await stream('get', 's');
    await put('get', 's', [now, 'a'], [now + 1, 'b']);
    await put('get', 's', [now + 2, 'c'], [now + 3, 'd']);
    await put('get', 's', [now + 2, 'c'], [now + 3, 'd']);
    const page = (more: object) =>
      own.send(new GetLogEventsCommand({ logGroupName: 'get', logStreamName: 's', ...more }));
    const messages = (events: readonly { readonly message?: string | undefined }[] | undefined) =>
      events?.map((each) => each.message).join('');
    const head = await page({ startFromHead: true, limit: 3 });
    expect(messages(head.events)).toBe('abc');
    const rest = await page({ nextToken: head.nextForwardToken });
    expect(messages(rest.events)).toBe('d');
    const end = await page({ nextToken: rest.nextForwardToken });
    expect(end.events).toEqual([]);
    expect(end.nextForwardToken).toBe(rest.nextForwardToken);
    const tail = await page({ limit: 2 });
    expect(messages(tail.events)).toBe('cd');
    expect(messages((await page({ nextToken: tail.nextBackwardToken })).events)).toBe('ab');
    expect(messages((await page({ startFromHead: true, startTime: now + 1, endTime: now + 3 })).events)).toBe('bc');
    await put('get', 's', [now + 4, 'e']);
    expect(messages((await page({ nextToken: end.nextForwardToken })).events)).toBe('e');
  });

  test('events of many streams are filtered by time and terms, in pages', async () => {
    await stream('filter', 'a', 'b');
    await put('filter', 'a', [now, 'GET / 200'], [now + 2, 'GET /x 404 ERROR']);
    await put('filter', 'b', [now + 1, 'POST / 500 ERROR'], [now + 3, 'quiet']);
    const filter = (more: object) => own.send(new FilterLogEventsCommand({ logGroupName: 'filter', ...more }));
    const seen = async (more: object) => (await filter(more)).events?.map((each) => each.message);
    expect(await seen({})).toEqual(['GET / 200', 'POST / 500 ERROR', 'GET /x 404 ERROR', 'quiet']);
    expect(await seen({ filterPattern: 'ERROR GET' })).toEqual(['GET /x 404 ERROR']);
    expect(await seen({ filterPattern: '?200 ?500' })).toEqual(['GET / 200', 'POST / 500 ERROR']);
    expect(await seen({ filterPattern: 'ERROR -GET' })).toEqual(['POST / 500 ERROR']);
    expect(await seen({ filterPattern: '"/x 404"' })).toEqual(['GET /x 404 ERROR']);
    expect(await seen({ logStreamNames: ['b'] })).toEqual(['POST / 500 ERROR', 'quiet']);
    expect(await seen({ logStreamNamePrefix: 'a', startTime: now + 1 })).toEqual(['GET /x 404 ERROR']);
    expect(await seen({ startTime: now + 1, endTime: now + 2 })).toEqual(['POST / 500 ERROR', 'GET /x 404 ERROR']);
    await expect(filter({ filterPattern: '[a, b]' })).rejects.toThrow(/not available/);
    const first = await filter({ limit: 3 });
    const second = await filter({ limit: 3, nextToken: first.nextToken });
    expect(first.events).toHaveLength(3);
    expect(second.events).toHaveLength(1);
    expect(new Set([...(first.events ?? []), ...(second.events ?? [])].map((each) => each.eventId)).size).toBe(4);
    await expect(filter({ limit: 2, filterPattern: 'x', nextToken: first.nextToken })).rejects.toEqual(
      refused('InvalidParameterException'),
    );
    await put('filter', 'b', [now + 4, '{"code":500}'], [now + 5, '{"code":200}']);
    expect(await seen({ filterPattern: '{ $.code >= 400 }' })).toEqual(['{"code":500}']);
  });

  test('what is too old or ahead is told and left out; what is out of order or too much is refused', async () => {
    await stream('put', 's');
    const day = 24 * 3_600_000;
    const answer = await put('put', 's', [now - 15 * day, 'old'], [now - 14.5 * day, 'old']);
    expect(answer.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 2 });
    const ahead = await put('put', 's', [now, 'now'], [now + day / 4, 'ahead']);
    expect(ahead.rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    await expect(put('put', 's', [now, 'a'], [now - 1, 'b'])).rejects.toThrow(/chronological/);
    await expect(put('put', 's', [now - 2 * day, 'a'], [now, 'b'])).rejects.toThrow(/24 hours/);
    await expect(put('put', 's', [now, 'x'.repeat(1_048_576)])).rejects.toThrow(/Upload too large/);
    await expect(put('put', 's')).rejects.toThrow(/between 1 and 10000/);
    await expect(put('put', 'none', [now, 'a'])).rejects.toEqual(refused('ResourceNotFoundException'));
  });

  test('another account sees nothing', async () => {
    await stream('private', 's');
    await put('private', 's', [now, 'mine']);
    const get = new GetLogEventsCommand({ logGroupName: 'private', logStreamName: 's' });
    await expect(stranger.send(get)).rejects.toEqual(refused('ResourceNotFoundException'));
    const logGroupIdentifier = 'arn:aws:logs:us-east-1:123456789012:log-group:private';
    await expect(stranger.send(new FilterLogEventsCommand({ logGroupIdentifier }))).rejects.toEqual(
      refused('ResourceNotFoundException'),
    );
    expect((await stranger.send(new DescribeLogGroupsCommand({}))).logGroups).toEqual([]);
  });

  test('retention removes what is too old', async () => {
    await stream('kept', 's');
    const day = 24 * 3_600_000;
    await put('kept', 's', [now - 3 * day, 'old']);
    await put('kept', 's', [now, 'new']);
    await own.send(new PutRetentionPolicyCommand({ logGroupName: 'kept', retentionInDays: 1 }));
    const loop = logRetention(core);
    const running = loop.run();
    await expect
      .poll(async () => (await own.send(new FilterLogEventsCommand({ logGroupName: 'kept' }))).events?.length)
      .toBe(1);
    await loop.stop();
    await running;
  });
});
