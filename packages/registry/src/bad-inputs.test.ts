// What other registries fell for, as a table: the published vulnerability, the request, the answer. Those of pulls through
// to other registries (realms, redirects) are tests of pull-through/.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { request } from 'node:http';
import { DeleteRepositoryCommand, PutImageTagMutabilityCommand } from '@aws-sdk/client-ecr';
import { digestOf } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ecrOf } from './testing/clients.ts';
import {
  type Asked,
  errorCode,
  imageManifest,
  openTestRegistry,
  pushBlob,
  pushImage,
  putManifest,
  type TestAccount,
  type TestRegistry,
} from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

let at: TestRegistry;
let stranger: TestAccount;
beforeAll(async () => {
  at = await openTestRegistry();
  stranger = await at.addAccount('stranger');
});
afterAll(() => at.close());

/** Status and, of a failure, its code. */
async function told(path: string, asked: Asked = {}): Promise<string> {
  const answer = await at.ask(path, asked);
  return answer.status < 400 || asked.method === 'HEAD'
    ? String(answer.status)
    : `${answer.status} ${await errorCode(answer)}`;
}

/** Answers to several requests, one after the other. */
async function toldAll(asks: readonly (readonly [string, Asked?])[]): Promise<string[]> {
  const out: string[] = [];
  for (const [path, asked] of asks) out.push(await told(path, asked));
  return out;
}

async function tokenFor(scope: string, as?: TestAccount): Promise<string> {
  const answer = await at.ask(`/v2/token?scope=${encodeURIComponent(scope)}`, as ? { as } : {});
  return ((await answer.json()) as { token: string }).token;
}

const bearing = (token: string, more: Asked = {}): Asked => ({
  ...more,
  as: null,
  headers: { ...more.headers, authorization: `Bearer ${token}` },
});
const manifestType = { 'content-type': mediaTypes.ociManifest };
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function begin(name: string, as?: TestAccount): Promise<string> {
  const begun = await at.ask(`/v2/${name}/blobs/uploads/`, { method: 'POST', ...(as ? { as } : {}) });
  return begun.headers.get('location') ?? '';
}

/** A request that says it brings `length` bytes and sends none: the answer must not wait for them. */
function askWithLength(path: string, method: string, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(`${at.url}${path}`, {
      method,
      headers: { authorization: at.account.basic, 'content-length': length, ...manifestType },
    });
    asking.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      asking.destroy();
    });
    asking.on('error', reject);
    asking.flushHeaders();
  });
}

interface Case {
  readonly name: string;
  readonly ask: () => Promise<unknown>;
  readonly answer: unknown;
}

const cases: readonly Case[] = [
  {
    name: 'CVE-2023-2253: a huge page of the catalog or of tags is a page of bounded size',
    ask: async () => {
      await pushImage(at, 'bad/pages', 'v1', ['l']);
      const sizes = ['2147483647', '99999999999999999999999'];
      return toldAll(sizes.flatMap((n) => [[`/v2/_catalog?n=${n}`], [`/v2/bad/pages/tags/list?n=${n}`]] as const));
    },
    answer: ['200', '200', '200', '200'],
  },
  {
    name: 'CVE-2017-11468: a manifest of a terabyte is refused before its first byte',
    ask: () => askWithLength('/v2/bad/huge/manifests/v1', 'PUT', 1e12),
    answer: 413,
  },
  {
    name: 'CVE-2025-24976: a token that brings its own key, names another algorithm, or none',
    ask: async () => {
      await pushImage(at, 'bad/token', 'v1', ['l']);
      const [head = '', body = ''] = (await tokenFor('repository:bad/token:pull')).split('.');
      const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const jwk = publicKey.export({ format: 'jwk' });
      const ecHead = base64url({ ...header, alg: 'ES256', jwk });
      const ecMac = sign('sha256', Buffer.from(`${ecHead}.${body}`), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const octHead = base64url({ ...header, jwk: { kty: 'oct', k: Buffer.from('mine').toString('base64url') } });
      const octMac = createHmac('sha256', 'mine').update(`${octHead}.${body}`).digest('base64url');
      const forged = [
        `${ecHead}.${body}.${ecMac.toString('base64url')}`,
        `${octHead}.${body}.${octMac}`,
        `${base64url({ ...header, alg: 'none' })}.${body}.`,
      ];
      return toldAll(forged.map((token) => ['/v2/bad/token/manifests/v1', bearing(token)]));
    },
    answer: ['401 UNAUTHORIZED', '401 UNAUTHORIZED', '401 UNAUTHORIZED'],
  },
  {
    name: 'CVE-2026-35172: a blob deleted here does not come back when another repository gets it',
    ask: async () => {
      const digest = await pushBlob(at, 'bad/deleted', 'deleted here');
      await at.ask(`/v2/bad/deleted/blobs/${digest}`, { method: 'DELETE' });
      await pushBlob(at, 'bad/elsewhere', 'deleted here');
      return toldAll([[`/v2/bad/deleted/blobs/${digest}`], [`/v2/bad/deleted/blobs/${digest}`, { method: 'HEAD' }]]);
    },
    answer: ['404 BLOB_UNKNOWN', '404'],
  },
  {
    name: 'CVE-2026-41888: who may push but not delete does not delete a tag either',
    ask: async () => {
      await pushImage(at, 'bad/undeletable', 'v1', ['l']);
      const pusher = await at.addUser('pusher', ['ecr:PutImage', 'ecr:BatchGetImage']);
      const token = await tokenFor('repository:bad/undeletable:pull,push');
      return toldAll([
        ['/v2/bad/undeletable/manifests/v1', { method: 'DELETE', as: pusher }],
        ['/v2/bad/undeletable/manifests/v1', bearing(token, { method: 'DELETE' })],
        ['/v2/bad/undeletable/manifests/v1'],
      ]);
    },
    answer: ['403 DENIED', '401 UNAUTHORIZED', '200'],
  },
  {
    name: 'CVE-2021-41190: a body that reads as image and index, or is not of the type it is sent as',
    ask: async () => {
      const { bytes } = await pushImage(at, 'bad/ambiguous', 'v1', ['l']);
      const both = JSON.stringify({ ...(JSON.parse(bytes) as object), manifests: [] });
      const path = '/v2/bad/ambiguous/manifests/v2';
      return toldAll([
        [path, { method: 'PUT', body: both, headers: manifestType }],
        [path, { method: 'PUT', body: both, headers: { 'content-type': mediaTypes.ociIndex } }],
        [path, { method: 'PUT', body: bytes, headers: { 'content-type': mediaTypes.dockerManifest } }],
        [path, { method: 'PUT', body: bytes, headers: { 'content-type': mediaTypes.ociIndex } }],
      ]);
    },
    answer: Array.from({ length: 4 }, () => '400 MANIFEST_INVALID'),
  },
  {
    name: "a manifest that means something else to readers which do not heed case (Go's), or that they cannot read",
    ask: async () => {
      const { bytes } = await pushImage(at, 'bad/spelling', 'v1', ['l']);
      const put = (body: string): [string, Asked] => [
        '/v2/bad/spelling/manifests/v2',
        { method: 'PUT', body, headers: manifestType },
      ];
      return toldAll([
        put(bytes.replace(/}$/, ',"Layers":[]}')),
        put(bytes.replace(/}$/, ',"layer\u017f":[]}')),
        put(bytes.replace('"digest":', '"Digest":"","digest":')),
        put(`\ufeff${bytes}`),
        put(bytes.replace(/}$/, ',"x-other":{"Layers":[]}}')),
      ]);
    },
    answer: [...Array.from({ length: 4 }, () => '400 MANIFEST_INVALID'), '201'],
  },
  {
    name: 'CVE-2024-39897: a private digest is not to be had by HEAD, GET, mount, or naming it in a manifest',
    ask: async () => {
      const digest = await pushBlob(at, 'bad/private', 'private bytes');
      await pushBlob(at, 'mine/app', '{}', stranger);
      const { bytes } = imageManifest('{}', ['private bytes']);
      const as = stranger;
      const blob = `/v2/mine/app/blobs/${digest}`;
      const uploads = `/v2/mine/app/blobs/uploads/?mount=${digest}`;
      return toldAll([
        [blob, { method: 'HEAD', as }],
        [blob, { as }],
        [`${uploads}&from=${at.account.id}/bad/private`, { method: 'POST', as }],
        [`${uploads}&from=bad/private`, { method: 'POST', as }],
        [uploads, { method: 'POST', as }],
        ['/v2/mine/app/manifests/v1', { method: 'PUT', body: bytes, headers: manifestType, as }],
        [blob, { as }],
      ]);
    },
    answer: ['404', '404 BLOB_UNKNOWN', '202', '202', '202', '400 MANIFEST_BLOB_UNKNOWN', '404 BLOB_UNKNOWN'],
  },
  {
    name: 'CVE-2026-31801: an immutable tag is not overwritten, neither by the path nor by ?tag=',
    ask: async () => {
      const first = await pushImage(at, 'bad/immutable', 'latest', ['first']);
      await ecrOf(at).send(
        new PutImageTagMutabilityCommand({ repositoryName: 'bad/immutable', imageTagMutability: 'IMMUTABLE' }),
      );
      const second = await pushImage(at, 'bad/immutable', 'other', ['second']);
      const put = { method: 'PUT', body: second.bytes, headers: manifestType };
      const answers = await toldAll([
        ['/v2/bad/immutable/manifests/latest', put],
        [`/v2/bad/immutable/manifests/${second.digest}?tag=latest`, put],
        [`/v2/bad/immutable/manifests/${second.digest}?tag=fresh&tag=latest`, put],
        ['/v2/bad/immutable/manifests/fresh'],
      ]);
      const held = await at.ask('/v2/bad/immutable/manifests/latest', { method: 'HEAD' });
      return [...answers, held.headers.get('docker-content-digest') === first.digest];
    },
    answer: ['400 TAG_INVALID', '400 TAG_INVALID', '400 TAG_INVALID', '404 MANIFEST_UNKNOWN', true],
  },
  {
    name: 'CVE-2026-32589: another’s upload is not there, from whichever repository it is asked for',
    ask: async () => {
      const id = (await begin('bad/uploads')).split('/').at(-1) ?? '';
      await pushBlob(at, 'bad/uploads', 'x', stranger);
      await pushBlob(at, 'bad/uploads-two', 'x');
      const finish = { method: 'PUT', body: 'stolen' };
      const digest = digestOf('stolen');
      return toldAll([
        [`/v2/bad/uploads/blobs/uploads/${id}`, { as: stranger }],
        [`/v2/bad/uploads/blobs/uploads/${id}?digest=${digest}`, { ...finish, as: stranger }],
        [`/v2/bad/uploads-two/blobs/uploads/${id}?digest=${digest}`, finish],
        [`/v2/bad/uploads/blobs/uploads/${id}`],
      ]);
    },
    answer: ['404 BLOB_UPLOAD_UNKNOWN', '404 BLOB_UPLOAD_UNKNOWN', '404 BLOB_UPLOAD_UNKNOWN', '204'],
  },
  {
    name: 'CVE-2022-31667, 31669, 31670: another account’s repositories are not changed by naming its id',
    ask: async () => {
      await pushImage(at, 'bad/owned', 'v1', ['l']);
      const deleting = ecrOf(at, stranger).send(
        new DeleteRepositoryCommand({ registryId: at.account.id, repositoryName: 'bad/owned', force: true }),
      );
      const refused = await deleting.then(
        () => 'deleted',
        (error: unknown) => (error as Error).name,
      );
      const path = `/v2/${at.account.id}/bad/owned/manifests/v1`;
      const answers = await toldAll([
        [path, { method: 'DELETE', as: stranger }],
        [path, { method: 'PUT', body: '{}', headers: manifestType, as: stranger }],
        [path],
      ]);
      return [refused, ...answers];
    },
    answer: ['AccessDeniedException', '403 DENIED', '403 DENIED', '200'],
  },
  {
    name: 'what was got from a repository is of no use for the next one of its name',
    ask: async () => {
      await pushImage(at, 'bad/reborn', 'v1', ['of the first life']);
      const upload = await begin('bad/reborn');
      const reader = await at.addUser('reborn-reader', [
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        'ecr:BatchCheckLayerAvailability',
      ]);
      const token = await tokenFor('repository:bad/reborn:pull', reader);
      await ecrOf(at).send(new DeleteRepositoryCommand({ repositoryName: 'bad/reborn', force: true }));
      await pushBlob(at, 'bad/reborn', 'of the second life');
      const layer = `/v2/bad/reborn/blobs/${digestOf('of the first life')}`;
      return toldAll([
        [upload],
        [layer, bearing(token)],
        ['/v2/bad/reborn/manifests/v1', bearing(token)],
        ['/v2/bad/reborn/blobs/uploads/', bearing(token, { method: 'POST' })],
      ]);
    },
    answer: ['404 BLOB_UPLOAD_UNKNOWN', '404 BLOB_UNKNOWN', '404 MANIFEST_UNKNOWN', '403 DENIED'],
  },
  {
    name: 'a tag whose name begins another is on its page',
    ask: async () => {
      const { bytes } = await pushImage(at, 'bad/prefixes', 'a', ['l']);
      for (const tag of ['a.b', 'a.b.c', 'ab']) await putManifest(at, 'bad/prefixes', tag, bytes);
      const pages: unknown[] = [];
      for (const last of ['', 'a', 'a.b', 'a.b.c']) {
        pages.push(
          ((await (await at.ask(`/v2/bad/prefixes/tags/list?n=1&last=${last}`)).json()) as { tags: string[] }).tags,
        );
      }
      return pages.flat();
    },
    answer: ['a', 'a.b', 'a.b.c', 'ab'],
  },
  {
    name: 'a manifest that says its layer has many gigabytes',
    ask: async () => {
      await pushImage(at, 'bad/liar', 'v1', ['small']);
      const value = JSON.parse(imageManifest('{"config":"small"}', ['small']).bytes) as { layers: { size: number }[] };
      for (const layer of value.layers) layer.size = 40_000_000_000;
      const body = JSON.stringify(value);
      return told('/v2/bad/liar/manifests/v2', { method: 'PUT', body, headers: manifestType });
    },
    answer: '400 MANIFEST_INVALID',
  },
  {
    name: 'Content-Range with a unit',
    ask: async () =>
      told(await begin('bad/unit'), { method: 'PATCH', body: '0123456789', headers: { 'content-range': 'bytes 0-9' } }),
    answer: '416 BLOB_UPLOAD_INVALID',
  },
  {
    name: 'more bytes than a layer may have are refused before the first of them',
    ask: async () => askWithLength(await begin('bad/endless'), 'PATCH', 60_000 * 1024 * 1024),
    answer: 413,
  },
];

describe('bad inputs', () => {
  test.each(cases)('$name', async ({ ask, answer }) => {
    expect(await ask()).toEqual(answer);
  });

  test('a PATCH of unknown length is not gathered in memory', async () => {
    const location = await begin('bad/stream');
    const piece = new Uint8Array(1024 * 1024);
    const start = process.memoryUsage().arrayBuffers;
    let most = 0;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - start);
        if (sent++ === 128) controller.close();
        else controller.enqueue(piece);
      },
    });
    expect(await told(location, { method: 'PATCH', body })).toBe('202');
    expect(most).toBeLessThan(100 * 1024 * 1024);
  });
});
