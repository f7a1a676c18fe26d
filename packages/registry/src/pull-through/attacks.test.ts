// Upstreams that lie, that ask for passwords elsewhere, and that lead into networks where nobody sent them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CreatePullThroughCacheRuleCommand } from '@aws-sdk/client-ecr';
import { digestOf } from '@longshore/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorCode, imageManifest, openTestRegistry, type TestRegistry } from '../testing/fixture.ts';
import { mediaTypes } from '../manifest.ts';
import { ecrOf } from '../testing/clients.ts';
import { addRule, addSecret, type FakeUpstream, fakeUpstream } from './testing.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, host: string) => void;

const layer = 'the layer';
const image = imageManifest('{}', [layer]);
const layerPath = `/v2/up/web/blobs/${digestOf(layer)}`;

function challenge(header: string): Answer {
  return (_request, response) => response.writeHead(401, { 'www-authenticate': header }).end();
}

function redirect(to: string): Answer {
  return (_request, response) => response.writeHead(307, { location: to }).end();
}

function send(body: string, headers: Record<string, string> = {}): Answer {
  return (_request, response) => response.writeHead(200, headers).end(body);
}

let answer: Answer;
let evilAnswer: Answer;
let upstream: FakeUpstream;
let evil: FakeUpstream;
let cache: TestRegistry;

beforeEach(async () => {
  answer = send('');
  evilAnswer = send('{"token":"stolen"}', { 'content-type': 'application/json' });
  upstream = await fakeUpstream((...all) => answer(...all));
  evil = await fakeUpstream((...all) => evilAnswer(...all));
  cache = await openTestRegistry();
});
afterEach(async () => {
  await cache.close();
  await upstream.close();
  await evil.close();
});

async function withLogin(tokenOrigin?: string): Promise<void> {
  const login = { username: 'ann', accessToken: 'hidden', ...(tokenOrigin !== undefined && { tokenOrigin }) };
  await addRule(cache, 'up', upstream.host, { credentialArn: await addSecret(cache, 'up', login) });
}

const password = `Basic ${Buffer.from('ann:hidden').toString('base64')}`;
const shownTo = (server: FakeUpstream) => server.seen.map((each) => each.authorization);

describe('a password stays with its upstream', () => {
  test.each<[string, () => Answer]>([
    ['a realm on another host', () => challenge(`Bearer realm="http://${evil.host}/token",service="s"`)],
    ['a realm with the upstream as its user', () => challenge(`Bearer realm="http://${upstream.host}@${evil.host}/"`)],
    ['a realm that begins like the upstream', () => challenge(`Bearer realm="http://${upstream.host}.evil.example/"`)],
    ['a realm that is no URL', () => challenge('Bearer realm="::::"')],
    ['a realm that is no HTTP', () => challenge('Bearer realm="file:///etc/passwd"')],
    ['a realm left out', () => challenge('Bearer service="s"')],
    ['a second challenge behind Basic', () => challenge(`Basic realm="x", Bearer realm="http://${evil.host}/"`)],
    ['a redirect to another host', () => redirect(`http://${evil.host}/v2/`)],
    ['a redirect to a URL with a user', () => redirect(`http://ann@${evil.host}/`)],
  ])('%s', async (_name, lie) => {
    await withLogin();
    evilAnswer = challenge('Basic realm="please"');
    answer = lie();
    expect((await cache.ask('/v2/up/web/manifests/1')).status).toBeGreaterThanOrEqual(400);
    expect(shownTo(evil)).not.toContain(password);
    expect(shownTo(evil).every((each) => each === undefined)).toBe(true);
  });

  test('a redirect of the token service is not followed', async () => {
    await withLogin();
    answer = (request, response, host) =>
      request.url?.startsWith('/token') === true
        ? redirect(`http://${evil.host}/token`)(request, response, host)
        : challenge(`Bearer realm="http://${host}/token"`)(request, response, host);
    expect((await cache.ask('/v2/up/web/manifests/1')).status).toBe(502);
    expect(shownTo(upstream)).toContain(password);
    expect(evil.seen).toEqual([]);
  });

  test('neither the password nor a token goes along with a redirect of a layer', async () => {
    await withLogin();
    evilAnswer = send(layer);
    answer = (request, response, host) => {
      const { authorization } = request.headers;
      if (request.url?.startsWith('/token') === true)
        return send('{"token":"good","expires_in":300}')(request, response, host);
      if (authorization !== 'Bearer good')
        return challenge(`Bearer realm="http://${host}/token"`)(request, response, host);
      return redirect(`http://${evil.host}/layer`)(request, response, host);
    };
    const got = await cache.ask(layerPath);
    expect([got.status, await got.text()]).toEqual([200, layer]);
    expect(upstream.seen.find((each) => each.url.startsWith('/token'))?.authorization).toBe(password);
    expect(upstream.seen.find((each) => each.url.startsWith('/token'))?.url).toContain('scope=repository%3Aweb%3Apull');
    expect(shownTo(evil)).toEqual([undefined]);
  });

  test('it goes to the token service that its owner names', async () => {
    await withLogin(`http://${evil.host}`);
    answer = challenge(`Bearer realm="http://${evil.host}/token"`);
    await cache.ask('/v2/up/web/manifests/1');
    expect(shownTo(evil)).toEqual([password]);
    expect(shownTo(upstream)).toEqual([undefined, 'Bearer stolen']);
  });

  test('Basic goes to the upstream itself', async () => {
    await withLogin();
    answer = (request, response, host) =>
      request.headers.authorization === password
        ? send(image.bytes, { 'content-type': mediaTypes.ociManifest })(request, response, host)
        : challenge('Basic realm="x"')(request, response, host);
    expect(await (await cache.ask('/v2/up/web/manifests/1')).text()).toBe(image.bytes);
  });
});

describe('a redirect leads nowhere but where it may', () => {
  test.each([
    ['the metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['the metadata service as IPv6', 'http://[::ffff:169.254.169.254]/'],
    ['the metadata service as a number', 'http://2852039166/'],
    ['a private network', 'http://10.0.0.1/'],
    ['a private network as IPv6', 'http://[fd00::1]/'],
    ['nothing', 'http://0.0.0.0/'],
    ['a file', 'file:///etc/passwd'],
    ['itself, for ever', '/again'],
  ])('%s', async (_name, to) => {
    await addRule(cache, 'up', upstream.host);
    answer = redirect(to);
    const got = await cache.ask(layerPath);
    expect([got.status, await errorCode(got)]).toEqual([502, 'UNAVAILABLE']);
    expect(upstream.seen.length).toBeLessThanOrEqual(6);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]'])('rules of tenants may not name %s', async (host) => {
    const tenant = await openTestRegistry({ pullThrough: { mayUsePrivate: () => false } });
    const port = upstream.host.split(':')[1] ?? '';
    const rule = { ecrRepositoryPrefix: 'up', upstreamRegistryUrl: `${host}:${port}` };
    // A name is looked up when it is connected to: what it stands for then decides.
    const made = await ecrOf(tenant)
      .send(new CreatePullThroughCacheRuleCommand(rule))
      .then(
        () => 'made',
        (error: Error) => error.name,
      );
    expect(made).toBe(host === 'localhost' ? 'made' : 'UnsupportedUpstreamRegistryException');
    expect((await tenant.ask('/v2/up/web/manifests/1')).status).toBe(host === 'localhost' ? 502 : 404);
    expect(upstream.seen).toEqual([]);
    await tenant.close();
  });
});

describe('what an upstream sends is what it says, or it is not taken', () => {
  const other = imageManifest('{}', ['another layer']);
  test.each<[string, string, Answer]>([
    ['another manifest by digest', image.digest, send(other.bytes, { 'content-type': mediaTypes.ociManifest })],
    [
      'a manifest and another digest',
      '1',
      send(image.bytes, { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': other.digest }),
    ],
    ['what is no manifest', '1', send('<html>Welcome to the hotel</html>')],
    ['an endless manifest', '1', send('x'.repeat(5 * 1024 * 1024), { 'content-type': mediaTypes.ociManifest })],
    [
      'both layers and manifests',
      '1',
      send('{"schemaVersion":2,"layers":[],"manifests":[]}', { 'content-type': mediaTypes.ociIndex }),
    ],
    [
      'an endless token',
      '1',
      (request, response, host) =>
        request.url?.startsWith('/token') === true
          ? send('x'.repeat(100_000))(request, response, host)
          : challenge(`Bearer realm="http://${host}/token"`)(request, response, host),
    ],
    ['a broken connection', '1', (request) => request.socket.destroy()],
  ])('%s', async (_name, reference, lie) => {
    await addRule(cache, 'up', upstream.host);
    answer = lie;
    const got = await cache.ask(`/v2/up/web/manifests/${reference}`);
    expect([got.status, await errorCode(got)]).toEqual([502, 'UNAVAILABLE']);
    answer = send(image.bytes, { 'content-type': mediaTypes.ociManifest });
    expect((await cache.ask(`/v2/up/web/manifests/${image.digest}x`)).status).toBe(400);
  });

  const large = 'large '.repeat(200_000);
  test.each<[string, Answer]>([
    ['other bytes', send(large.replace(/large $/, 'lurge '))],
    [
      'fewer bytes',
      (_request, response) =>
        response
          .writeHead(200, { 'content-length': large.length })
          .write(large.slice(0, 300_000), () => response.destroy()),
    ],
    ['more bytes', send(`${large}and more`)],
    ['other bytes without a length', (_request, response) => response.writeHead(200).end('x'.repeat(100_000))],
  ])('a layer of %s is never given whole, nor kept', async (_name, lie) => {
    await addRule(cache, 'up', upstream.host);
    answer = lie;
    const path = `/v2/up/web/blobs/${digestOf(large)}`;
    const whole = await cache.ask(path).then(
      async (got) => got.status === 200 && (await got.text().catch(() => undefined)) !== undefined,
      () => false,
    );
    expect(whole).toBe(false);
    expect(await cache.blobs.size(digestOf(large))).toBeUndefined();
  });

  test('a limit is passed on, and nothing more is asked until then', async () => {
    await addRule(cache, 'up', upstream.host);
    answer = (_request, response) => response.writeHead(429, { 'retry-after': '17' }).end();
    const got = await cache.ask('/v2/up/web/manifests/1');
    expect([got.status, got.headers.get('retry-after'), await errorCode(got)]).toEqual([429, '17', 'TOOMANYREQUESTS']);
    expect((await cache.ask('/v2/up/web/manifests/1')).headers.get('retry-after')).toBe('17');
    expect((await cache.ask('/v2/up/other/manifests/2')).status).toBe(429);
    expect((await cache.ask(layerPath)).status).toBe(429);
    expect(upstream.seen).toHaveLength(1);
  });

  test('a refusal is told as one', async () => {
    await addRule(cache, 'up', upstream.host);
    answer = challenge('Basic realm="x"');
    const got = await cache.ask('/v2/up/web/manifests/1');
    expect([got.status, await errorCode(got)]).toEqual([403, 'DENIED']);
  });
});
