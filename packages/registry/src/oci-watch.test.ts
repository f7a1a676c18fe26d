// What is kept of requests: metrics, the access log, audit entries, pull events and pull times.
import { once } from 'node:events';
import { request } from 'node:http';
import { CreateRepositoryCommand, DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import type { AuditEntry } from '@longshore/aws';
import { digestOf, silentLogger } from '@longshore/base';
import { sql } from '@longshore/store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ecrOf } from './testing/clients.ts';
import { openTestRegistry, pushBlob, pushImage, putManifest, type TestRegistry } from './testing/fixture.ts';

interface AccessLine {
  readonly access: Readonly<Record<string, unknown>>;
}

describe('watching', () => {
  let at: TestRegistry;
  let lines: AccessLine[];
  let entries: AuditEntry[];
  beforeAll(async () => {
    at = await openTestRegistry({
      audit: { record: (entry) => void entries.push(entry) },
      accessLog: {
        ...silentLogger,
        info: (fields) => void ('access' in fields && lines.push(fields as unknown as AccessLine)),
      },
    });
  });
  beforeEach(() => {
    lines = [];
    entries = [];
  });
  afterAll(() => at.close());

  const count = (method: string, route: string, code: number) =>
    at.meter.value('longshore_registry_requests_total', { method, route, code: String(code) });

  async function pullEvents(name: string): Promise<Record<string, unknown>[]> {
    for (const service of at.registry.services) if (service.id === 'registry/pull-events') await service.stop();
    const rows = await at.store.all<{ detail: string }>(
      sql`SELECT detail FROM outbox WHERE detail_type = ${'ECR Image Action'} ORDER BY id`,
    );
    return rows
      .map((row) => JSON.parse(row.detail) as Record<string, unknown>)
      .filter((detail) => detail['repository-name'] === name && detail['action-type'] === 'PULL');
  }

  test('requests are counted by method, route and code; what others invent is one label', async () => {
    await pushImage(at, 'watch/counted', 'v1', ['l']);
    expect(count('PUT', 'manifest', 201)).toBe(1);
    await at.ask('/v2/watch/counted/manifests/nil');
    await at.ask('/v2/watch/counted/manifests/v1', { as: null });
    await at.ask('/v2/watch/counted/manifests/v1', { method: 'PROPFIND' });
    await at.ask('/v2/a/b/c/d');
    await expect.poll(() => count('GET', 'none', 404)).toBe(1);
    expect(count('GET', 'manifest', 404)).toBe(1);
    expect(count('GET', 'manifest', 401)).toBe(1);
    expect(count('other', 'manifest', 405)).toBe(1);
  });

  test('a line of the access log says who asked for what and what came of it, and holds no secret', async () => {
    const { digest } = await pushImage(at, 'watch/log', 'v1', ['l']);
    const token = ((await (await at.ask('/v2/token?scope=repository:watch/log:pull')).json()) as { token: string })
      .token;
    lines = [];
    await at.ask('/v2/watch/log/manifests/v1?secret=in-the-query', {
      as: null,
      headers: { authorization: `Bearer ${token}` },
    });
    await at.ask(`/v2/_layers/sealed-grant`, { as: null });
    await expect.poll(() => lines.length).toBe(2);
    expect(lines[0]?.access).toMatchObject({
      account: at.account.id,
      principal: at.account.principal.arn,
      method: 'GET',
      route: 'manifest',
      repository: 'watch/log',
      item: 'v1',
      status: 200,
      sourceIp: '127.0.0.1',
    });
    expect(lines[1]?.access).toMatchObject({ route: 'download', status: 403, code: 'DENIED' });
    const text = JSON.stringify(lines);
    for (const secret of [token, 'sealed-grant', 'in-the-query', at.account.password])
      expect(text).not.toContain(secret);
    expect(digest).toMatch(/^sha256:/);
  });

  test('what changes something is audited with its result; reads, challenges and chunks are not', async () => {
    const reader = await at.addUser('audit-reader', ['ecr:BatchGetImage']);
    await pushBlob(at, 'watch/audit', '{}');
    const { digest } = await pushImage(at, 'watch/audit', 'v1', ['l']);
    await at.ask('/v2/watch/audit/manifests/v1');
    await at.ask('/v2/watch/audit/manifests/v1', { method: 'DELETE', as: null });
    await at.ask('/v2/watch/audit/manifests/v1', { method: 'DELETE', as: reader });
    await at.ask(`/v2/watch/audit/manifests/${digest}`, { method: 'DELETE' });
    await at.ask(`/v2/watch/audit/blobs/${digestOf('l')}`, { method: 'DELETE' });
    await expect
      .poll(() => entries.map(({ operation, error }) => [operation, error?.code]))
      .toEqual([
        ['CompleteLayerUpload', undefined],
        ['CompleteLayerUpload', undefined],
        ['CompleteLayerUpload', undefined],
        ['PutImage', undefined],
        ['BatchDeleteImage', 'AccessDeniedException'],
        ['BatchDeleteImage', undefined],
        ['DeleteLayer', undefined],
      ]);
    const put = entries[3];
    expect(put).toMatchObject({
      service: 'ecr',
      recipient: at.account.id,
      parameters: { repositoryName: 'watch/audit', reference: 'v1', digest },
      context: { sourceIp: '127.0.0.1' },
    });
    expect(put?.resources).toEqual([`arn:aws:ecr:us-east-1:${at.account.id}:repository/watch/audit`]);
  });

  test('a chunk whose client goes away is audited as that, not as a fault of the server', async () => {
    const begun = await at.ask('/v2/watch/gone/blobs/uploads/', { method: 'POST' });
    const patch = request(new URL(begun.headers.get('location') ?? '', at.url), {
      method: 'PATCH',
      headers: { authorization: at.account.basic, expect: '100-continue' },
    });
    patch.on('error', () => undefined);
    patch.flushHeaders();
    await once(patch, 'continue');
    patch.write('the beginning');
    patch.destroy();
    await expect
      .poll(() => entries.map(({ operation, error }) => [operation, error?.code]))
      .toContainEqual(['UploadLayerPart', 'RequestAborted']);
  });

  test('operations of the API that write are audited with the resources they touch, done or failed', async () => {
    const ecr = ecrOf(at);
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'watch/api' }));
    await ecr.send(new DescribeRepositoriesCommand({}));
    const again = new CreateRepositoryCommand({ repositoryName: 'watch/api' });
    await expect(ecr.send(again)).rejects.toThrow('exist');
    expect(entries.map(({ operation, error }) => [operation, error?.code])).toEqual([
      ['CreateRepository', undefined],
      ['CreateRepository', 'RepositoryAlreadyExistsException'],
    ]);
    expect(entries[0]).toMatchObject({
      service: 'ecr',
      principal: { arn: at.account.principal.arn },
      resources: [`arn:aws:ecr:us-east-1:${at.account.id}:repository/watch/api`],
    });
  });

  test('pulls of an image in one round are one event that counts them; HEAD is no pull', async () => {
    const { digest, bytes } = await pushImage(at, 'watch/pulls', 'v1', ['l']);
    await putManifest(at, 'watch/pulls', 'v2', bytes);
    for (let i = 0; i < 3; i++) await (await at.ask('/v2/watch/pulls/manifests/v1')).text();
    await (await at.ask(`/v2/watch/pulls/manifests/${digest}`)).text();
    await at.ask('/v2/watch/pulls/manifests/v2', { method: 'HEAD' });
    await expect.poll(() => count('HEAD', 'manifest', 200)).toBe(1);
    const image = {
      'action-type': 'PULL',
      result: 'SUCCESS',
      'repository-name': 'watch/pulls',
      'image-digest': digest,
    };
    expect(await pullEvents('watch/pulls')).toEqual([
      { ...image, 'image-tag': 'v1', 'pull-count': 3 },
      { ...image, 'pull-count': 1 },
    ]);
    expect(await pullEvents('watch/pulls')).toHaveLength(2);
  });
});
