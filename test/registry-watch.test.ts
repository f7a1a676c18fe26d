// What an operator sees of the registry: the access log when asked for, the audit lines, the metrics of /v2.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registryPassword } from './support/login.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';
import { metric } from './support/metrics.ts';

let longshore: Longshore;
let password: string;
beforeAll(async () => {
  longshore = await startLongshore({ args: ['--no-agent'], env: { LONGSHORE_ACCESS_LOG: 'on' } });
  password = await registryPassword(longshore);
});
afterAll(() => longshore?.[Symbol.asyncDispose]());

/** The JSON lines of the log that have `key`. */
function lines(key: 'access' | 'audit'): Record<string, unknown>[] {
  return longshore
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"${key}":`))
    .map((line) => (JSON.parse(line) as Record<string, Record<string, unknown>>)[key] ?? {});
}

test('requests are lines of the access log, changes are audited and become events, all are counted', async () => {
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  const ask = (path: string, method: string, headers = {}, body = '') =>
    fetch(`${longshore.url}${path}`, { method, headers: { authorization, ...headers }, ...(body && { body }) });
  const begun = await ask('/v2/watch/app/blobs/uploads/', 'POST');
  expect(begun.status).toBe(202);
  const index = JSON.stringify({ schemaVersion: 2, manifests: [] });
  const type = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
  expect((await ask('/v2/watch/app/manifests/v1', 'PUT', type, index)).status).toBe(201);
  expect((await ask('/v2/watch/app/manifests/v1', 'GET')).status).toBe(200);
  await until('the access log has all three', () => lines('access').length === 3);
  expect(lines('access').map(({ method, route, status }) => [method, route, status])).toEqual([
    ['POST', 'uploads', 202],
    ['PUT', 'manifest', 201],
    ['GET', 'manifest', 200],
  ]);
  const principal = `arn:aws:iam::${longshore.credentials.account}:root`;
  expect(lines('audit')).toContainEqual(
    expect.objectContaining({ operation: 'PutImage', principal, sourceIp: '127.0.0.1' }),
  );
  expect(longshore.log()).not.toContain(password);
  expect(await metric(longshore, 'longshore_registry_requests_total')).toBe(3);
  await until('the event of the pull and the audit event are published', async () => {
    const { accessKeyId, secretAccessKey } = longshore.credentials;
    const basic = Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64');
    const text = await (
      await fetch(`${longshore.url}/metrics`, { headers: { authorization: `Basic ${basic}` } })
    ).text();
    const count = (detailType: string) =>
      Number(
        new RegExp(`longshore_events_total\\{[^}]*detail_type="${detailType}"[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0,
      );
    return count('ECR Image Action') >= 2 && count('AWS API Call via CloudTrail') >= 1;
  });
});
