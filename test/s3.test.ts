// Layers in an S3 bucket: real clients push and pull, and two servers on one PostgreSQL and one bucket are one registry.
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  findS3Server,
  missingS3Server,
  startS3Server,
  type ThrowAwayS3,
} from '../packages/blobs/src/testing/s3-server.ts';
import { dockerCli, run } from './support/command.ts';
import { docker } from './support/docker.ts';
import { importBusybox } from './support/images.ts';
import { registryPassword } from './support/login.ts';
import { type Longshore, startLongshore } from './support/longshore.ts';
import { systemStores } from './support/stores.ts';

const absent = findS3Server() === undefined;
const noS3 = absent ? ` (${missingS3Server})` : '';
const postgres = systemStores.find((each) => each.name === 'postgres');
interface Asked {
  readonly method?: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const args = ['--no-agent'];
const patience = 120_000;

describe.skipIf(absent)(`layers in a bucket${noS3}`, () => {
  let s3: ThrowAwayS3;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    s3 = await startS3Server();
    const { accessKeyId, secretAccessKey } = s3.credentials;
    env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  });
  afterAll(() => s3?.stop());

  const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  async function caller(longshore: Longshore, password: string) {
    const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
    return (path: string, init: Asked = {}) =>
      fetch(new URL(path, longshore.url), { redirect: 'manual', ...init, headers: { ...init.headers, authorization } });
  }

  test.each(['', '&redirect=true'])(
    'docker pushes, skopeo and docker pull; bucket with options "%s"',
    async (query) => {
      const { url } = await s3.bucket(query);
      await using longshore = await startLongshore({ args: [...args, '--blobs', url], env });
      const password = await registryPassword(longshore);
      const config = mkdtempSync(join(tmpdir(), 'docker-config-'));
      const name = `${longshore.host}/s3/busybox:1`;
      try {
        const inDocker = (command: readonly string[], input = '') =>
          run(dockerCli, command, { env: { DOCKER_CONFIG: config }, input });
        await inDocker(['login', '-u', 'AWS', '--password-stdin', longshore.host], password);
        await importBusybox(name, `in a bucket ${query}`);
        const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await inDocker(['push', name]))?.[1];
        expect(pushed).toBeDefined();
        await docker.removeImage(name);
        expect(await inDocker(['pull', name])).toContain(`Digest: ${pushed}`);
        expect(await inDocker(['run', '--rm', name, 'cat', '/etc/marker'])).toContain('in a bucket');
        await docker.removeImage(name);
        const login = ['--src-creds', `AWS:${password}`, '--dest-creds', `AWS:${password}`];
        const [from, to] = [`docker://${name}`, `docker://${longshore.host}/s3/copy:1`];
        const plain = ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false'];
        await run('skopeo', [...plain, '--preserve-digests', ...login, from, to]);
        await run('skopeo', [...plain, '--src-creds', `AWS:${password}`, to, `dir:${config}/image`]);
        const ask = await caller(longshore, password);
        const manifest = (await (await ask(`/v2/s3/copy/manifests/${pushed}`)).json()) as {
          layers: { digest: string }[];
        };
        const layer = await ask(`/v2/s3/copy/blobs/${manifest.layers[0]?.digest}`);
        expect(layer.status).toBe(query === '' ? 200 : 307);
        await layer.arrayBuffer();
      } finally {
        rmSync(config, { recursive: true });
      }
    },
    patience,
  );

  test.skipIf(!postgres)(
    'two servers on one PostgreSQL and one bucket are one registry',
    async () => {
      const [{ url }, database] = [await s3.bucket(), await postgres?.create()];
      const options = { store: database?.url, args: [...args, '--blobs', url], env };
      try {
        await using a = await startLongshore(options);
        const dataDir = mkdtempSync(join(tmpdir(), 'longshore-test-'));
        // What the servers of one registry share beside the database: the key that seals the secrets in it.
        copyFileSync(join(a.dataDir, 'master.key'), join(dataDir, 'master.key'));
        await using b = await startLongshore({ ...options, dataDir });
        const password = await registryPassword(a);
        const [askA, askB] = [await caller(a, password), await caller(b, password)];

        const bytes = randomBytes(20 * 1024 * 1024);
        const begun = await askA('/v2/two/app/blobs/uploads/', { method: 'POST' });
        const location = begun.headers.get('location') ?? '';
        const half = 9_000_000;
        expect((await askA(location, { method: 'PATCH', body: bytes.subarray(0, half) })).status).toBe(202);
        // The other one knows where it stands, goes on, and the first one ends it.
        expect((await askB(location)).headers.get('range')).toBe(`0-${half - 1}`);
        const range = `${half}-${bytes.length - 1}`;
        const rest = { method: 'PATCH', body: bytes.subarray(half), headers: { 'content-range': range } };
        expect((await askB(location, rest)).status).toBe(202);
        expect((await askB(location, rest)).status).toBe(416);
        expect((await askA(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);

        const layer = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
        const mediaType = 'application/vnd.oci.image.manifest.v1+json';
        const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: layer, layers: [layer] });
        const put = { method: 'PUT', body: manifest, headers: { 'content-type': mediaType } };
        expect((await askA('/v2/two/app/manifests/1', put)).status).toBe(201);
        expect(await (await askB('/v2/two/app/manifests/1')).text()).toBe(manifest);
        const pulled = Buffer.from(await (await askB(`/v2/two/app/blobs/${layer.digest}`)).arrayBuffer());
        expect(digestOf(pulled)).toBe(layer.digest);

        // One of them is killed in the middle of an upload and starts again: the other one's work is untouched.
        const other = await askB('/v2/two/app/blobs/uploads/', { method: 'POST' });
        const otherLocation = other.headers.get('location') ?? '';
        expect((await askB(otherLocation, { method: 'PATCH', body: 'begun ' })).status).toBe(202);
        await a.kill();
        await using again = await startLongshore({ ...options, dataDir: a.dataDir, port: a.port });
        const askAgain = await caller(again, password);
        expect((await askAgain(otherLocation, { method: 'PATCH', body: 'ended' })).status).toBe(202);
        const digest = digestOf(Buffer.from('begun ended'));
        expect((await askB(`${otherLocation}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
        expect(await (await askAgain(`/v2/two/app/blobs/${digest}`)).text()).toBe('begun ended');
      } finally {
        await database?.drop();
      }
    },
    patience,
  );
});
