// Check 2: real clients move real images; only missing layers travel and are stored; digests stay what they were.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCli, dockerCli, run, tryRun } from './support/command.ts';
import { docker } from './support/docker.ts';
import { addLayer, importBusybox, importDebian } from './support/images.ts';
import { type Longshore, startLongshore } from './support/longshore.ts';
import { metric } from './support/metrics.ts';
import { systemStores } from './support/stores.ts';

describe.each(systemStores)('on $name', (store) => {
  let longshore: Longshore;
  let drop: () => Promise<void>;
  let dockerConfig: string;
  let password: string;

  beforeAll(async () => {
    const created = await store.create();
    drop = created.drop;
    longshore = await startLongshore({ store: created.url, args: ['--no-agent'] });
    dockerConfig = mkdtempSync(join(tmpdir(), 'docker-config-'));
    password = await loginPassword();
    await run(dockerCli, ['login', '-u', 'AWS', '--password-stdin', longshore.host], {
      env: { DOCKER_CONFIG: dockerConfig },
      input: password,
    });
  });

  afterAll(async () => {
    await longshore?.[Symbol.asyncDispose]();
    await drop?.();
    if (dockerConfig) rmSync(dockerConfig, { recursive: true });
  });

  async function loginPassword(): Promise<string> {
    if (awsCli) {
      return (
        await run(awsCli, ['--endpoint-url', longshore.url, 'ecr', 'get-login-password'], { env: longshore.env })
      ).trim();
    }
    const ecr = new ECRClient({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
    });
    const answer = await ecr.send(new GetAuthorizationTokenCommand({}));
    return Buffer.from(answer.authorizationData?.[0]?.authorizationToken ?? '', 'base64')
      .toString('utf8')
      .slice('AWS:'.length);
  }

  const inDocker = (args: readonly string[]) => run(dockerCli, args, { env: { DOCKER_CONFIG: dockerConfig } });
  const skopeo = (args: readonly string[]) => run('skopeo', args);

  test('docker pushes and pulls a busybox image; the pulled digest is the pushed one', async () => {
    const name = `${longshore.host}/busybox:1`;
    await importBusybox(name, `busybox on ${store.name}`);
    const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await inDocker(['push', name]))?.[1];
    expect(pushed).toBeDefined();
    await docker.removeImage(name);
    expect(await inDocker(['pull', name])).toContain(`Digest: ${pushed}`);
    expect(await inDocker(['run', '--rm', name, 'cat', '/etc/marker'])).toContain(`busybox on ${store.name}`);
    const byAccount = `${longshore.host}/${longshore.credentials.account}/busybox@${pushed}`;
    expect(await inDocker(['pull', byAccount])).toContain(`Digest: ${pushed}`);
    await docker.removeImage(byAccount);
    await docker.removeImage(name);
  });

  test('a second image that shares its base uploads only the new layer', async () => {
    const base = `${longshore.host}/debian:bookworm`;
    const derived = `${longshore.host}/debian:derived`;
    await importDebian(base);
    const start = await metric(longshore, 'longshore_registry_blob_received_bytes_total');
    await inDocker(['push', base]);
    const afterBase = await metric(longshore, 'longshore_registry_blob_received_bytes_total');
    expect(afterBase - start).toBeGreaterThan(20_000_000);
    await addLayer(base, derived, `one small file for ${store.name}\n`);
    await inDocker(['push', derived]);
    const afterDerived = await metric(longshore, 'longshore_registry_blob_received_bytes_total');
    expect(afterDerived - afterBase).toBeGreaterThan(0);
    expect(afterDerived - afterBase).toBeLessThan(20_000);
    // A mount into another repository moves nothing but the configuration.
    const other = `${longshore.host}/other/debian:derived`;
    await inDocker(['tag', derived, other]);
    await inDocker(['push', other]);
    expect((await metric(longshore, 'longshore_registry_blob_received_bytes_total')) - afterDerived).toBeLessThan(
      20_000,
    );
    for (const each of [base, derived, other]) await docker.removeImage(each);
    expect(await inDocker(['pull', derived])).toContain('Downloaded newer image');
    expect(await inDocker(['run', '--rm', derived, 'cat', '/etc/added', '/etc/debian_version'])).toMatch(
      /one small file.*\n12/,
    );
    await docker.removeImage(derived);
  }, 400_000);

  test('skopeo copies an image in and out, whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skopeo-'));
    try {
      const source = `skopeo-source-${store.name}:1`;
      await importBusybox(source);
      const creds = `AWS:${password}`;
      const remote = `docker://${longshore.host}/team/app:2`;
      await skopeo([
        '--insecure-policy',
        'copy',
        '--dest-tls-verify=false',
        '--dest-creds',
        creds,
        `docker-daemon:${source}`,
        remote,
      ]);
      await skopeo([
        '--insecure-policy',
        'copy',
        '--src-tls-verify=false',
        '--src-creds',
        creds,
        remote,
        `oci:${folder}/out:2`,
      ]);
      const inside = JSON.parse(await skopeo(['inspect', '--tls-verify=false', '--creds', creds, remote])) as {
        Digest: string;
        Layers: string[];
      };
      const again = `docker://${longshore.host}/team/again:2`;
      await skopeo([
        '--insecure-policy',
        'copy',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        '--src-creds',
        creds,
        '--dest-creds',
        creds,
        remote,
        again,
      ]);
      const copied = JSON.parse(await skopeo(['inspect', '--tls-verify=false', '--creds', creds, again])) as {
        Digest: string;
        Layers: string[];
      };
      expect(copied.Digest).toBe(inside.Digest);
      expect(copied.Layers).toEqual(inside.Layers);
      await docker.removeImage(source);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('nothing is told or stored without a credential', async () => {
    const anonymous = await tryRun('skopeo', [
      'inspect',
      '--tls-verify=false',
      '--no-creds',
      `docker://${longshore.host}/team/app:2`,
    ]);
    expect(anonymous.code).not.toBe(0);
    for (const path of ['/v2/', '/v2/_catalog', '/v2/team/app/tags/list', '/v2/token?service=longshore', '/metrics']) {
      expect((await fetch(`${longshore.url}${path}`)).status, path).toBe(401);
    }
    expect((await fetch(`${longshore.url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).status).toBe(401);
  });
});
