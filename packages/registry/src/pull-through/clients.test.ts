// Real programs on both sides: Debian's docker-registry with a password as the upstream, skopeo and docker pulling through
// the cache, and the operations on rules through the SDK.
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import {
  CreatePullThroughCacheRuleCommand,
  DeletePullThroughCacheRuleCommand,
  DescribePullThroughCacheRulesCommand,
  UpdatePullThroughCacheRuleCommand,
  ValidatePullThroughCacheRuleCommand,
} from '@aws-sdk/client-ecr';
import { CreateSecretCommand, DeleteSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { digestOf, systemClock } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../testing/fixture.ts';
import { ecrOf, secretsOf } from '../testing/clients.ts';
import { addRule, addSecret } from './testing.ts';

const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

interface Peer {
  readonly host: string;
  stop(): Promise<void>;
}

/** bcrypt of `upstream-secret`, the only kind that docker-registry takes. */
const htpasswd = 'ann:$2y$05$Q9bGz1c0S3uYw7mZ4kXhLeVwUegyPfuXox9/1hW.LbgwxI3DOlvDK\n';
const secret = 'upstream-secret';

async function startPeer(folder: string): Promise<Peer> {
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(join(folder, 'htpasswd'), htpasswd);
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    auth: { htpasswd: { realm: 'peer', path: join(folder, 'htpasswd') } },
    http: { addr: host },
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(settings));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  for (let waited = 0; ; waited++) {
    const up = await fetch(`http://${host}/v2/`).then(
      (got) => got.status === 401,
      () => false,
    );
    if (up) break;
    if (waited > 200 || child.exitCode !== null) throw new Error('docker-registry does not start');
    await systemClock.sleep(50);
  }
  return {
    host,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

describe('real clients and a real upstream', () => {
  let folder: string;
  let peer: Peer;
  let cache: TestRegistry;
  const skopeo = async (...args: string[]) => (await run('skopeo', ['--insecure-policy', ...args])).stdout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-upstream-'));
    peer = await startPeer(folder);
    cache = await openTestRegistry();
    await run('tar', ['-C', '/', '-czf', join(folder, 'layer.tgz'), 'bin/busybox']);
    const source = await openTestRegistry();
    const writer = await source.registry.imageWriter(source.account.principal, 'busybox');
    const layer = await readFile(join(folder, 'layer.tgz'));
    async function* one(bytes: Uint8Array) {
      yield bytes;
    }
    const config = Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config: { Cmd: ['/bin/busybox'] },
        rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(layer))] },
      }),
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await writer.putBlob(one(config))) },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await writer.putBlob(one(layer))) }],
    };
    await writer.putManifest('1', manifest.mediaType, Buffer.from(JSON.stringify(manifest)));
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false', '--preserve-digests'];
    await skopeo(
      'copy',
      ...plain,
      '--src-creds',
      `AWS:${source.account.password}`,
      '--dest-creds',
      `ann:${secret}`,
      `docker://${source.host}/busybox:1`,
      `docker://${peer.host}/tools/busybox:1`,
    );
    await source.close();
    const credentialArn = await addSecret(cache, 'peer', { username: 'ann', accessToken: secret });
    await addRule(cache, 'peer', peer.host, { credentialArn });
  }, 60_000);
  afterAll(async () => {
    await cache.close();
    await peer.stop();
    await rm(folder, { recursive: true });
  });

  test('skopeo copies an image through the cache, byte for byte, and again when the upstream is gone', async () => {
    const login = ['--src-tls-verify=false', '--src-creds', `AWS:${cache.account.password}`];
    const image = `docker://${cache.host}/peer/tools/busybox:1`;
    await skopeo('copy', '--preserve-digests', ...login, image, `oci:${folder}/first:1`);
    const digestOfImage = async (of: string, ...more: string[]) =>
      (await skopeo('inspect', ...more, '--format', '{{.Digest}}', of)).trim();
    const upstream = await digestOfImage(
      `docker://${peer.host}/tools/busybox:1`,
      '--tls-verify=false',
      '--creds',
      `ann:${secret}`,
    );
    expect(await digestOfImage(`oci:${folder}/first:1`)).toBe(upstream);
    expect(cache.meter.value('longshore_registry_upstream_layers_total')).toBe(2);
    await skopeo('copy', '--preserve-digests', ...login, image, `oci:${folder}/second:1`);
    expect(cache.meter.value('longshore_registry_upstream_layers_total')).toBe(2);
  });

  test('docker pulls through the cache', async () => {
    const image = `${cache.host}/peer/tools/busybox:1`;
    const auth = Buffer.from(`AWS:${cache.account.password}`).toString('base64');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [cache.host]: { auth } } }));
    const { stdout } = await run('docker', ['--config', folder, 'pull', image]);
    expect(stdout).toContain(`Downloaded newer image for ${image}`);
    await run('docker', ['image', 'rm', image]);
  }, 60_000);

  test('a rule is validated with its secret, given another, listed, and removed', async () => {
    const ecr = ecrOf(cache);
    const secrets = secretsOf(cache);
    const validate = async (ecrRepositoryPrefix: string) =>
      ecr.send(new ValidatePullThroughCacheRuleCommand({ ecrRepositoryPrefix }));
    expect(await validate('peer')).toMatchObject({ isValid: true, upstreamRegistryUrl: `http://${peer.host}` });
    const wrong = await addSecret(cache, 'wrong', { username: 'ann', accessToken: 'not it' });
    await addRule(cache, 'second/', peer.host, { credentialArn: wrong, upstreamRepositoryPrefix: 'tools' });
    expect(await validate('second')).toMatchObject({ isValid: false, failure: expect.stringContaining('not allow') });
    expect((await cache.ask('/v2/second/busybox/manifests/1')).status).toBe(403);
    const SecretString = JSON.stringify({ username: 'ann', accessToken: secret });
    const right = await secrets.send(new CreateSecretCommand({ Name: 'ecr-pullthroughcache/right', SecretString }));
    const change = { ecrRepositoryPrefix: 'second', credentialArn: right.ARN };
    expect(await ecr.send(new UpdatePullThroughCacheRuleCommand(change))).toMatchObject({ credentialArn: right.ARN });
    expect(await validate('second')).toMatchObject({ isValid: true });
    expect((await cache.ask('/v2/second/busybox/manifests/1')).status).toBe(200);
    await secrets.send(new PutSecretValueCommand({ SecretId: right.ARN, SecretString: 'no JSON' }));
    expect(await validate('second')).toMatchObject({ isValid: false, failure: expect.stringContaining('username') });
    const page = await ecr.send(new DescribePullThroughCacheRulesCommand({ maxResults: 1 }));
    expect(page.pullThroughCacheRules).toMatchObject([
      { ecrRepositoryPrefix: 'peer', upstreamRepositoryPrefix: 'ROOT' },
    ]);
    const rest = await ecr.send(new DescribePullThroughCacheRulesCommand({ nextToken: page.nextToken }));
    expect(rest.pullThroughCacheRules).toMatchObject([
      { ecrRepositoryPrefix: 'second', upstreamRepositoryPrefix: 'tools', credentialArn: right.ARN },
    ]);
    await ecr.send(new DeletePullThroughCacheRuleCommand({ ecrRepositoryPrefix: 'second' }));
    const gone = ecr.send(new DescribePullThroughCacheRulesCommand({ ecrRepositoryPrefixes: ['second'] }));
    await expect(gone).rejects.toThrow(expect.objectContaining({ name: 'PullThroughCacheRuleNotFoundException' }));
    expect((await cache.ask('/v2/second/busybox/manifests/1')).status).toBe(200);
    expect((await cache.ask('/v2/second/busybox/manifests/2')).status).toBe(404);
  });

  test('bad rules are refused as ECR does', async () => {
    const ecr = ecrOf(cache);
    const stranger = await cache.addAccount('stranger');
    const reader = await cache.addUser('ruler', ['ecr:CreatePullThroughCacheRule']);
    const Name = 'ecr-pullthroughcache/mine';
    const { ARN } = await secretsOf(cache).send(new CreateSecretCommand({ Name, SecretString: '{}' }));
    const other = await secretsOf(cache).send(new CreateSecretCommand({ Name: 'elsewhere', SecretString: '{}' }));
    const refusal = async (input: object, client = ecr) => {
      const rule = { ecrRepositoryPrefix: 'bad', upstreamRegistryUrl: 'quay.io', ...input };
      return client.send(new CreatePullThroughCacheRuleCommand(rule)).then(
        () => 'made',
        (error: Error) => error.name,
      );
    };
    expect(await refusal({ ecrRepositoryPrefix: 'peer' })).toBe('PullThroughCacheRuleAlreadyExistsException');
    expect(await refusal({ ecrRepositoryPrefix: 'B' })).toBe('InvalidParameterException');
    expect(await refusal({ upstreamRegistryUrl: 'http://quay.io' })).toBe('UnsupportedUpstreamRegistryException');
    expect(await refusal({ upstreamRegistryUrl: 'http://169.254.169.254' })).toBe(
      'UnsupportedUpstreamRegistryException',
    );
    expect(await refusal({ upstreamRegistry: 'docker-hub' })).toBe('InvalidParameterException');
    expect(await refusal({ customRoleArn: 'arn:aws:iam::111122223333:role/x' })).toBe('InvalidParameterException');
    expect(await refusal({ credentialArn: other.ARN })).toBe('InvalidParameterException');
    expect(await refusal({ credentialArn: `${ARN?.slice(0, -6)}aaaaaa` })).toBe('SecretNotFoundException');
    expect(await refusal({ credentialArn: ARN }, ecrOf(cache, stranger))).toBe('InvalidParameterException');
    // Whoever makes a rule says where the secret goes: that needs the right to read it.
    expect(await refusal({ credentialArn: ARN }, ecrOf(cache, reader))).toBe('AccessDeniedException');
    await secretsOf(cache).send(new DeleteSecretCommand({ SecretId: ARN }));
    expect(await refusal({ credentialArn: ARN })).toBe('SecretNotFoundException');
    const theirs = new DescribePullThroughCacheRulesCommand({ registryId: cache.account.id });
    await expect(ecrOf(cache, stranger).send(theirs)).rejects.toThrow(
      expect.objectContaining({ name: 'AccessDeniedException' }),
    );
  });
});
