import { describe, expect, test } from 'vitest';
import { harness, jsonCall, queryCall, signedRequest, startOfTests } from './testing/harness.ts';
import type { WireResponse } from './types.ts';

function json(response: WireResponse): Record<string, unknown> {
  return JSON.parse(String(response.body)) as Record<string, unknown>;
}

const iamVersion = 'Version=2010-05-08';

describe('JSON operations', () => {
  test('an answer holds what the shape knows, dates as epoch seconds, and a request id', async () => {
    const { endpoint, reached } = harness();
    const response = await endpoint.handle(
      jsonCall('RunTask', { taskDefinition: 'web', count: 2, unknown: { deep: 1 } }),
    );
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(response.headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(json(response)).toEqual({ tasks: [{ taskArn: 'arn/web', createdAt: 1.5 }], failures: [] });
    expect(reached).toEqual([{ operation: 'RunTask', input: { taskDefinition: 'web', count: 2 } }]);
  });

  test.each<[string, unknown, string, RegExp]>([
    [
      'a string where an integer belongs',
      { taskDefinition: 'w', count: '2' },
      'SerializationException',
      /^STRING_VALUE can not be converted to an Integer \(at 'count'\)$/,
    ],
    [
      'a fraction where an integer belongs',
      { taskDefinition: 'w', count: 1.5 },
      'SerializationException',
      /NUMBER_VALUE/,
    ],
    [
      'a number where a string belongs',
      { taskDefinition: 7 },
      'SerializationException',
      /^NUMBER_VALUE can not be converted to a String/,
    ],
    ['a boolean where a string belongs', { taskDefinition: true }, 'SerializationException', /^TRUE_VALUE/],
    [
      'a string where a boolean belongs',
      { taskDefinition: 'w', enableECSManagedTags: 'yes' },
      'SerializationException',
      /a Boolean/,
    ],
    [
      'an object where a list belongs',
      { taskDefinition: 'w', tags: {} },
      'SerializationException',
      /^Start of structure or map found where not expected. \(at 'tags'\)$/,
    ],
    [
      'a list where an object belongs',
      { taskDefinition: 'w', overrides: [] },
      'SerializationException',
      /^Start of list found/,
    ],
    [
      'a wrong type far inside',
      { taskDefinition: 'w', overrides: { containerOverrides: [{}, { cpu: 'x' }] } },
      'SerializationException',
      /overrides\.containerOverrides\.2\.member\.cpu/,
    ],
    [
      'null in a list',
      { taskDefinition: 'w', tags: [null] },
      'InvalidParameterException',
      /Value null at 'tags.1.member'/,
    ],
    [
      'a missing required member',
      { count: 1 },
      'InvalidParameterException',
      /Value null at 'taskDefinition' failed to satisfy constraint: Member must not be null/,
    ],
    ['null for a required member', { taskDefinition: null }, 'InvalidParameterException', /taskDefinition/],
    ['a list as the body', [], 'SerializationException', /must be a JSON object/],
    ['broken JSON', '{"taskDefinition":', 'SerializationException', /Could not parse/],
    [
      'bytes that are not UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'SerializationException',
      /UTF-8/,
    ],
    ['a hundred thousand brackets', '['.repeat(100_000), 'SerializationException', /./],
  ])('%s is refused', async (_name, input, code, message) => {
    const { endpoint, reached } = harness();
    const response = await endpoint.handle(jsonCall('RunTask', input));
    expect(response.status).toBe(400);
    expect(json(response)).toMatchObject({ __type: code, message: expect.stringMatching(message) });
    expect(response.headers['x-amzn-errortype']).toBe(code);
    expect(reached).toEqual([]);
  });

  test('an empty body is an empty object', async () => {
    const { endpoint } = harness();
    expect(json(await endpoint.handle(jsonCall('RunTask', '')))).toMatchObject({ __type: 'InvalidParameterException' });
  });

  test('a key named __proto__ in a map stays a key and changes nothing else', async () => {
    const { endpoint, reached } = harness();
    const logConfiguration = '{"logDriver":"json-file","options":{"__proto__":"x","max-size":"1m"}}';
    const input = `{"family":"f","__proto__":{"polluted":true},"containerDefinitions":[{"logConfiguration":${logConfiguration}}]}`;
    const response = await endpoint.handle(jsonCall('RegisterTaskDefinition', input));
    expect(response.status).toBe(200);
    expect(String(response.body)).toContain('"options":{"__proto__":"x","max-size":"1m"}');
    expect(reached[0]?.input).not.toHaveProperty('polluted');
  });

  test('a handler’s error keeps its code, status and members', async () => {
    const { endpoint } = harness();
    const response = await endpoint.handle(jsonCall('RunTask', { taskDefinition: 'missing' }));
    expect(json(response)).toEqual({
      __type: 'ClientException',
      message: 'TaskDefinition not found.',
      resourceIds: ['missing'],
    });
  });

  test('an unexpected failure is logged with its cause and answered without it', async () => {
    const { endpoint, logged } = harness();
    const response = await endpoint.handle(jsonCall('RunTask', { taskDefinition: 'broken' }));
    expect(response.status).toBe(500);
    expect(json(response)['__type']).toBe('ServerException');
    expect(String(response.body)).not.toContain('hunter2');
    const requestId = response.headers['x-amzn-requestid'];
    expect(String(response.body)).toContain(requestId);
    expect(logged).toMatchObject([
      { requestId, operation: 'ecs:RunTask', err: { message: 'the secret inside is hunter2' } },
    ]);
  });

  test.each([
    ['an unknown operation', `AmazonEC2ContainerServiceV20141113.Nonsense`],
    ['an unknown service', 'Elsewhere.RunTask'],
    ['a name of every object', 'AmazonEC2ContainerServiceV20141113.constructor'],
    ['no dot', 'RunTask'],
    ['nothing', ''],
  ])('%s in the target is an UnknownOperationException', async (_name, target) => {
    const { endpoint } = harness();
    const response = await endpoint.handle(signedRequest({ headers: { 'x-amz-target': target }, body: '{}' }));
    expect([response.status, json(response)['__type']]).toEqual([400, 'UnknownOperationException']);
  });

  test('other paths hold no operations', async () => {
    const { endpoint } = harness();
    const request = { ...jsonCall('RunTask', {}), url: '/somewhere' };
    expect((await endpoint.handle(request)).status).toBe(404);
  });

  test('an operation with its own schema gets what that parses, and its complaints become a ValidationException', async () => {
    const { endpoint } = harness();
    const service = 'longshore';
    expect(json(await endpoint.handle(jsonCall('Greet', { name: 'ann' }, { service })))).toEqual({
      greeting: 'hello ann',
    });
    expect(json(await endpoint.handle(jsonCall('Greet', { name: 7 }, { service })))).toEqual({
      __type: 'ValidationException',
      message: 'name: expected string',
    });
  });

  test('a caller who may not is told so in the authorizer’s words', async () => {
    const { endpoint, reached } = harness({ denied: ['ecs:RunTask'] });
    const response = await endpoint.handle(jsonCall('RunTask', { taskDefinition: 'web' }));
    expect(json(response)).toEqual({
      __type: 'AccessDeniedException',
      message: 'User: arn:aws:iam::123456789012:root is not authorized to perform: ecs:RunTask',
    });
    expect(reached).toEqual([]);
  });

  test('answers are counted by service, operation and code', async () => {
    const { endpoint, meter } = harness();
    await endpoint.handle(jsonCall('RunTask', { taskDefinition: 'web' }));
    await endpoint.handle(jsonCall('RunTask', {}));
    const labels = { service: 'ecs', operation: 'RunTask' };
    expect(meter.value('longshore_aws_requests_total', { ...labels, code: 'OK' })).toBe(1);
    expect(meter.value('longshore_aws_requests_total', { ...labels, code: 'InvalidParameterException' })).toBe(1);
  });
});

describe('replays', () => {
  const runWeb = () => jsonCall('RunTask', { taskDefinition: 'web' });

  test('a write is carried out once; its repetition is refused with an error that SDKs retry', async () => {
    const { endpoint, reached, clock } = harness();
    expect((await endpoint.handle(runWeb())).status).toBe(200);
    const again = await endpoint.handle(runWeb());
    expect(again.status).toBe(503);
    expect(json(again)).toMatchObject({
      __type: 'InvalidSignatureException',
      message: expect.stringMatching(/already carried out/),
    });
    expect(reached).toHaveLength(1);
    expect(clock.now()).toBe(startOfTests + 1000);
  });

  test('of many at once, one is carried out', async () => {
    const { endpoint, reached } = harness();
    const answers = await Promise.all(Array.from({ length: 20 }, () => endpoint.handle(runWeb())));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(reached).toHaveLength(1);
  });

  test('a failed write may be sent again as it is', async () => {
    const { endpoint, reached } = harness();
    const request = jsonCall('RunTask', { taskDefinition: 'missing' });
    const first = await endpoint.handle(request);
    const second = await endpoint.handle(request);
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(reached).toHaveLength(2);
  });

  test('idempotent operations and reads may be repeated', async () => {
    const { endpoint, reached } = harness();
    const write = jsonCall('RegisterTaskDefinition', { family: 'f', containerDefinitions: [] });
    const read = queryCall('Action=GetCallerIdentity&Version=2011-06-15', { service: 'sts' });
    for (const request of [write, write, read, read]) expect((await endpoint.handle(request)).status).toBe(200);
    expect(reached).toHaveLength(4);
  });

  test('a refused caller does not use up the signature', async () => {
    const { endpoint } = harness({ denied: ['ecs:RunTask'] });
    const statuses = [await endpoint.handle(runWeb()), await endpoint.handle(runWeb())].map(({ status }) => status);
    expect(statuses).toEqual([400, 400]);
  });

  test('an upgrade is authenticated once', async () => {
    const { endpoint } = harness();
    const upgrade = signedRequest({ method: 'GET', url: '/acs/ws?clusterArn=a%3Ab&seqNum=1' });
    await expect(endpoint.authenticateUpgrade(upgrade)).resolves.toMatchObject({
      principal: { account: '123456789012' },
      context: { baseUrl: 'http://localhost:7077' },
    });
    await expect(endpoint.authenticateUpgrade(upgrade)).rejects.toMatchObject({ code: 'InvalidSignatureException' });
    await expect(
      endpoint.authenticateUpgrade({ ...upgrade, url: '/acs/ws?clusterArn=a%3Ac&seqNum=1' }),
    ).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
    const forIam = signedRequest({ method: 'GET', url: '/acs/ws', service: 'iam' });
    await expect(endpoint.authenticateUpgrade(forIam)).rejects.toMatchObject({
      message: expect.stringMatching(/'ecs'/),
    });
  });
});

describe('query operations', () => {
  test('the answer is XML by shape, escaped', async () => {
    const { endpoint } = harness();
    const response = await endpoint.handle(queryCall(`Action=ListUsers&${iamVersion}&MaxItems=5`));
    expect(response.headers['content-type']).toBe('text/xml');
    expect(String(response.body)).toBe(
      '<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users><member>' +
        '<Path>/&lt;&amp;&gt;/</Path><UserName>ann</UserName><UserId>AIDA</UserId><Arn>arn</Arn>' +
        '<CreateDate>1970-01-01T00:00:01.500Z</CreateDate></member></Users><IsTruncated>false</IsTruncated></ListUsersResult>' +
        `<ResponseMetadata><RequestId>${response.headers['x-amzn-requestid']}</RequestId></ResponseMetadata></ListUsersResponse>`,
    );
  });

  test('lists of structures are read, in the order of their numbers', async () => {
    const { endpoint, reached } = harness();
    const tags = 'Tags.member.10.Key=z&Tags.member.10.Value=+%2B&Tags.member.2.Key=a&Tags.member.2.Value=';
    const response = await endpoint.handle(queryCall(`Action=TagUser&${iamVersion}&UserName=ann&${tags}`));
    expect(response.status).toBe(200);
    const Tags = [
      { Key: 'a', Value: '' },
      { Key: 'z', Value: ' +' },
    ];
    expect(reached).toEqual([{ operation: 'TagUser', input: { UserName: 'ann', Tags } }]);
    expect(String(response.body)).not.toContain('TagUserResult');
  });

  test.each([
    ['no action', iamVersion, 400, 'MissingAction'],
    ['an unknown action', `Action=Nonsense&${iamVersion}`, 400, 'InvalidAction'],
    ['another version', 'Action=ListUsers&Version=2011-06-15', 400, 'InvalidAction'],
    ['no version', 'Action=ListUsers', 400, 'InvalidAction'],
    ['a word for a number', `Action=ListUsers&${iamVersion}&MaxItems=five`, 400, 'MalformedInput'],
    ['a member twice', `Action=ListUsers&${iamVersion}&MaxItems=1&MaxItems=2`, 400, 'MalformedInput'],
    ['a structure for a text', `Action=ListUsers&${iamVersion}&PathPrefix.x=1`, 400, 'MalformedInput'],
    [
      'a missing member',
      `Action=TagUser&${iamVersion}&Tags.member.1.Key=a&Tags.member.1.Value=b`,
      400,
      'ValidationError',
    ],
    [
      'a missing member of a member',
      `Action=TagUser&${iamVersion}&UserName=a&Tags.member.1.Key=a`,
      400,
      'ValidationError',
    ],
    ['bad encoding', `Action=ListUsers&${iamVersion}&PathPrefix=%ff`, 400, 'MalformedInput'],
    ['deep nesting', `Action=ListUsers&${iamVersion}&${'a.'.repeat(100)}b=1`, 400, 'MalformedInput'],
    ['ten thousand parameters', `Action=ListUsers&${'x=1&'.repeat(10_000)}`, 400, 'MalformedInput'],
    ['a handler’s refusal', `Action=TagUser&${iamVersion}&UserName=nobody&Tags=`, 404, 'NoSuchEntity'],
  ])('%s is refused in XML', async (_name, form, status, code) => {
    const { endpoint } = harness();
    const response = await endpoint.handle(queryCall(form));
    expect(response.status).toBe(status);
    expect(String(response.body)).toMatch(new RegExp(`<Error><Type>Sender</Type><Code>${code}</Code><Message>`));
  });

  test('a JSON service is not served by query', async () => {
    const { endpoint } = harness();
    const response = await endpoint.handle(
      queryCall('Action=RunTask&Version=2014-11-13&taskDefinition=a', { service: 'ecs' }),
    );
    expect(String(response.body)).toContain('<Code>InvalidAction</Code>');
  });
});

describe('sizes', () => {
  test('a body over the operation’s limit is a 413 in the protocol’s form', async () => {
    const { endpoint, reached } = harness();
    const request = jsonCall('RunTask', { taskDefinition: 'x'.repeat(1024 * 1024) });
    expect(endpoint.maxBodyBytes(request.headers, '/')).toBe(1024 * 1024);
    const response = await endpoint.handle(request);
    expect([response.status, json(response)['__type']]).toEqual([413, 'RequestEntityTooLargeException']);
    expect(json(endpoint.tooLarge(request.headers, '/'))['__type']).toBe('RequestEntityTooLargeException');
    expect(String(endpoint.tooLarge({}, '/').body)).toContain('<Code>RequestEntityTooLarge</Code>');
    expect(reached).toEqual([]);
  });
});
