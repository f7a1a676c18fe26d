// Who may do what over HTTP: logins, tokens and their scopes, other accounts, and what must not be told.
import { digestOf } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  errorCode,
  openTestRegistry,
  pushBlob,
  pushImage,
  type TestAccount,
  type TestRegistry,
} from './testing/fixture.ts';
import { changeRepository } from './repositories.ts';
import type { Core } from './core.ts';
import { parseRepositoryName } from './names.ts';

const pull = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];
const push = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];

describe('access', () => {
  let at: TestRegistry;
  let stranger: TestAccount;
  let image: { digest: string };
  let layer: string;

  beforeAll(async () => {
    at = await openTestRegistry();
    stranger = await at.addAccount('stranger');
    image = await pushImage(at, 'team/app', 'v1', ['secret layer']);
    layer = digestOf('secret layer');
  });
  afterAll(() => at.close());

  async function token(as: TestAccount, ...scopes: string[]): Promise<string> {
    const query = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('');
    const answer = await at.ask(`/v2/token?service=longshore${query}`, { as });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { token: string }).token;
  }

  const bearing = (bearer: string, path: string, method = 'GET') =>
    at.ask(path, { method, as: null, headers: { authorization: `Bearer ${bearer}` } });

  async function setPolicy(actions: readonly string[]): Promise<void> {
    const name = parseRepositoryName('team/app');
    if (!name) throw new Error('name');
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${stranger.id}:root` }, Action: actions }],
    });
    await changeRepository({ store: at.store } as Core, { account: at.account.principal.account, name }, () => ({
      policyText,
    }));
  }

  test('without credentials everything is a challenge that leads to a token', async () => {
    const base = await at.ask('/v2/', { as: null });
    expect(base.status).toBe(401);
    expect(base.headers.get('www-authenticate')).toBe(`Bearer realm="${at.url}/v2/token",service="longshore"`);
    const manifest = await at.ask('/v2/team/app/manifests/v1', { as: null });
    expect(manifest.headers.get('www-authenticate')).toContain('scope="repository:team/app:pull"');
    const upload = await at.ask('/v2/team/app/blobs/uploads/', { method: 'POST', as: null });
    expect(upload.headers.get('www-authenticate')).toContain('scope="repository:team/app:pull,push"');
    const mount = `/v2/team/b/blobs/uploads/?mount=${layer}&from=team/app`;
    expect((await at.ask(mount, { method: 'POST', as: null })).headers.get('www-authenticate')).toContain(
      'scope="repository:team/b:pull,push repository:team/app:pull"',
    );
    expect((await at.ask('/v2/token', { as: null })).status).toBe(401);
    expect(await errorCode(manifest)).toBe('UNAUTHORIZED');
  });

  test('a login opens the base, a wrong one does not', async () => {
    expect((await at.ask('/v2/')).status).toBe(200);
    const bad = (user: string, password: string) =>
      at.ask('/v2/', { as: null, headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` } });
    expect((await bad('AWS', `${at.account.password}x`)).status).toBe(401);
    expect((await bad('admin', at.account.password)).status).toBe(401);
    expect((await bad(at.account.key.accessKeyId, at.account.key.secretAccessKey)).status).toBe(401);
    const bearer = await token(at.account);
    expect((await bad('AWS', bearer)).status).toBe(401);
    expect((await bearing(at.account.password, '/v2/')).status).toBe(401);
    expect((await bearing(bearer, '/v2/')).status).toBe(200);
  });

  test('a token does what its scopes say and nothing else', async () => {
    const bearer = await token(at.account, 'repository:team/app:pull');
    expect((await bearing(bearer, '/v2/team/app/manifests/v1')).status).toBe(200);
    expect((await bearing(bearer, `/v2/${at.account.id}/team/app/manifests/v1`)).status).toBe(200);
    const push = await bearing(bearer, '/v2/team/app/blobs/uploads/', 'POST');
    expect(push.status).toBe(401);
    expect(push.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect((await bearing(bearer, '/v2/_catalog')).status).toBe(401);
    const both = await token(
      at.account,
      'repository:team/app:pull,push repository:team/other:pull',
      'registry:catalog:*',
    );
    expect((await bearing(both, '/v2/team/app/blobs/uploads/', 'POST')).status).toBe(202);
    expect((await bearing(both, '/v2/_catalog')).status).toBe(200);
  });

  test('a mount needs pull on its source in the token; one that the policies refuse is an upload', async () => {
    const mount = (bearer: string, from: string) =>
      bearing(bearer, `/v2/team/mounted/blobs/uploads/?mount=${layer}&from=${from}`, 'POST');
    const narrow = await token(at.account, 'repository:team/mounted:pull,push');
    const refused = await mount(narrow, 'team/app');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain(
      'scope="repository:team/mounted:pull,push repository:team/app:pull"',
    );
    expect((await mount(narrow, `${stranger.id}/their/app`)).status).toBe(202);
    const wide = await token(at.account, 'repository:team/mounted:pull,push repository:team/app:pull');
    expect((await mount(wide, 'team/app')).status).toBe(201);
  });

  test('a mount without a source asks for a token that may pull from where the blob is', async () => {
    const mount = (bearer: string) => bearing(bearer, `/v2/team/anonymous/blobs/uploads/?mount=${layer}`, 'POST');
    const narrow = await mount(await token(at.account, 'repository:team/anonymous:pull,push'));
    const scope = 'repository:team/anonymous:pull,push repository:team/app:pull';
    expect([narrow.status, narrow.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining(`scope="${scope}"`),
    ]);
    expect((await mount(await token(at.account, scope))).status).toBe(201);
    const pusher = await at.addUser('anonymous-mount', [...push, 'ecr:CreateRepository']);
    const blind = await at.ask(`/v2/team/blind/blobs/uploads/?mount=${layer}`, { method: 'POST', as: pusher });
    expect(blind.status).toBe(202);
  });

  test('a token of the OAuth2 form is the same token', async () => {
    const form = new URLSearchParams({
      grant_type: 'password',
      username: 'AWS',
      password: at.account.password,
      scope: 'repository:team/app:pull',
    });
    const answer = await at.ask('/v2/token', {
      method: 'POST',
      as: null,
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const { access_token: bearer } = (await answer.json()) as { access_token: string };
    expect((await bearing(bearer, '/v2/team/app/manifests/v1')).status).toBe(200);
  });

  test('a tampered token, or one with a key in its header, is refused', async () => {
    const bearer = await token(at.account, 'repository:team/app:pull');
    const [head = '', body = '', mac = ''] = bearer.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const widened = Buffer.from(
      JSON.stringify({ ...claims, access: [{ type: 'repository', name: 'team/app', actions: ['push'] }] }),
    ).toString('base64url');
    const withKey = Buffer.from(
      JSON.stringify({
        ...(JSON.parse(Buffer.from(head, 'base64url').toString()) as object),
        jwk: { kty: 'oct', k: 'AA' },
      }),
    ).toString('base64url');
    for (const forged of [`${head}.${widened}.${mac}`, `${withKey}.${body}.${mac}`, `${head}.${body}.`]) {
      expect((await bearing(forged, '/v2/team/app/manifests/v1')).status).toBe(401);
    }
  });

  test('another account’s repository looks the same whether or not it exists', async () => {
    const paths = (name: string) => [
      `/v2/${at.account.id}/${name}/manifests/v1`,
      `/v2/${at.account.id}/${name}/manifests/${image.digest}`,
      `/v2/${at.account.id}/${name}/blobs/${layer}`,
      `/v2/${at.account.id}/${name}/tags/list`,
      `/v2/${at.account.id}/${name}/referrers/${image.digest}`,
      `/v2/${at.account.id}/${name}/blobs/uploads/${'a'.repeat(32)}`,
    ];
    for (const [i, path] of paths('team/app').entries()) {
      const there = await at.ask(path, { as: stranger });
      const absent = await at.ask(paths('team/nil')[i] ?? '', { as: stranger });
      expect([path, there.status]).toEqual([path, 403]);
      expect((await there.text()).replaceAll('team/app', 'team/nil')).toBe(await absent.text());
      expect(absent.status).toBe(403);
    }
    const push = await at.ask(`/v2/${at.account.id}/team/new/blobs/uploads/`, { method: 'POST', as: stranger });
    expect(push.status).toBe(403);
    expect((await at.ask('/v2/team/app/manifests/v1', { as: stranger })).status).toBe(404);
  });

  test('a blob of a private repository is not to be had by mounting it or by knowing its digest', async () => {
    const mounted = await at.ask(`/v2/mine/app/blobs/uploads/?mount=${layer}&from=${at.account.id}/team/app`, {
      method: 'POST',
      as: stranger,
    });
    expect(mounted.status).toBe(202);
    for (const method of ['GET', 'HEAD']) {
      expect((await at.ask(`/v2/mine/app/blobs/${layer}`, { method, as: stranger })).status).toBe(404);
    }
    const stored = at.meter.value('longshore_registry_blob_stored_bytes_total');
    const received = at.meter.value('longshore_registry_blob_received_bytes_total');
    await pushBlob(at, 'mine/app', 'secret layer', stranger);
    expect(at.meter.value('longshore_registry_blob_received_bytes_total') - received).toBe(12);
    expect(at.meter.value('longshore_registry_blob_stored_bytes_total')).toBe(stored);
  });

  test('an upload id is of no use to another repository, another account, or after a delete', async () => {
    const begun = await at.ask('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const id = (begun.headers.get('location') ?? '').split('/').at(-1) ?? '';
    await pushBlob(at, 'team/second', 'x');
    await pushBlob(at, 'team/app', 'y', stranger);
    const tries: [string, TestAccount][] = [
      [`/v2/team/second/blobs/uploads/${id}`, at.account],
      [`/v2/team/app/blobs/uploads/${id}`, stranger],
    ];
    for (const [path, as] of tries) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const query = method === 'PUT' ? `?digest=${digestOf('')}` : '';
        const answer = await at.ask(path + query, { method, as });
        expect([method, answer.status, await errorCode(answer)]).toEqual([method, 404, 'BLOB_UPLOAD_UNKNOWN']);
      }
    }
    expect((await at.ask(`/v2/team/app/blobs/uploads/${id}`)).status).toBe(204);
  });

  test('a repository policy lets another account pull, and no more than that', async () => {
    await setPolicy(pull);
    const path = `/v2/${at.account.id}/team/app`;
    const manifest = await at.ask(`${path}/manifests/v1`, { as: stranger });
    expect(manifest.status).toBe(200);
    expect(await (await at.ask(`${path}/blobs/${layer}`, { as: stranger })).text()).toBe('secret layer');
    expect((await at.ask(`${path}/blobs/uploads/`, { method: 'POST', as: stranger })).status).toBe(403);
    expect((await at.ask(`${path}/manifests/v1`, { method: 'DELETE', as: stranger })).status).toBe(403);
    const mount = await at.ask(`/v2/mine/other/blobs/uploads/?mount=${layer}&from=${at.account.id}/team/app`, {
      method: 'POST',
      as: stranger,
    });
    expect(mount.status).toBe(201);
    const bearer = await token(stranger, `repository:${at.account.id}/team/app:pull,push`);
    expect((await bearing(bearer, `${path}/manifests/v1`)).status).toBe(200);
    await setPolicy(['ecr:ListImages']);
    expect((await bearing(bearer, `${path}/manifests/v1`)).status).toBe(403);
  });

  test('a user does what the policy allows; a repository is made only by whoever may make it', async () => {
    const puller = await at.addUser('puller', pull);
    expect((await at.ask('/v2/team/app/manifests/v1', { as: puller })).status).toBe(200);
    const refused = await at.ask('/v2/team/app/blobs/uploads/', { method: 'POST', as: puller });
    expect([refused.status, await errorCode(refused)]).toEqual([403, 'DENIED']);
    const pusher = await at.addUser('pusher', [...pull, ...push]);
    expect((await at.ask('/v2/team/app/blobs/uploads/', { method: 'POST', as: pusher })).status).toBe(202);
    const unmade = await at.ask('/v2/team/unmade/blobs/uploads/', { method: 'POST', as: pusher });
    expect([unmade.status, await errorCode(unmade)]).toEqual([404, 'NAME_UNKNOWN']);
    const remove = await at.ask('/v2/team/app/manifests/v1', { method: 'DELETE', as: pusher });
    expect([remove.status, await errorCode(remove)]).toEqual([403, 'DENIED']);
    const granted = await at.ask('/v2/token?scope=repository:team/app:pull,push,delete', { as: puller });
    expect(((await granted.json()) as { scope: string }).scope).toBe('repository:team/app:pull');
  });

  test('paths that are not there, names that break the grammar and methods that are not served', async () => {
    expect((await at.ask('/v2/nothing')).status).toBe(404);
    expect((await at.ask('/v2/a/b/c')).status).toBe(404);
    expect((await at.ask('/v2/%E0%A4%A/tags/list')).status).toBe(404);
    for (const name of ['Upper/case', 'a--b/..', `${'a'.repeat(256)}`, '.hidden/x']) {
      const answer = await at.ask(`/v2/${encodeURIComponent(name)}/tags/list`);
      expect([name, answer.status, await errorCode(answer)]).toEqual([name, 400, 'NAME_INVALID']);
    }
    const method = await at.ask('/v2/team/app/manifests/v1', { method: 'POST', body: 'x' });
    expect([method.status, await errorCode(method)]).toEqual([405, 'UNSUPPORTED']);
    const scopes = Array.from({ length: 40 }, (_, i) => `scope=repository:a${i}/b:pull`).join('&');
    expect((await at.ask(`/v2/token?${scopes}`)).status).toBe(400);
  });
});
