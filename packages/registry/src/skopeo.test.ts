// A real client: skopeo moves a real image out of one registry, into another, and back; digests stay what they were.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestRegistry, type TestRegistry } from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

const run = promisify(execFile);

async function* one(bytes: Uint8Array) {
  yield bytes;
}

/** An image of one layer that holds this machine's busybox, written through the program's own door. */
async function writeImage(at: TestRegistry, repository: string, tag: string): Promise<string> {
  const options = { encoding: 'buffer' as const, maxBuffer: 64 * 1024 * 1024 };
  const { stdout: layer } = await run('tar', ['-C', '/', '-czf', '-', 'bin/busybox'], options);
  const writer = await at.registry.imageWriter(at.account.principal, repository);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/busybox'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(layer))] },
    }),
  );
  const [storedConfig, storedLayer] = [await writer.putBlob(one(config)), await writer.putBlob(one(layer))];
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...storedConfig },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...storedLayer }],
  };
  return writer.putManifest(tag, mediaTypes.ociManifest, Buffer.from(JSON.stringify(manifest)));
}

describe('skopeo', () => {
  let from: TestRegistry;
  let to: TestRegistry;
  let folder: string;
  let pushed: string;

  beforeAll(async () => {
    from = await openTestRegistry();
    to = await openTestRegistry();
    folder = await mkdtemp(join(tmpdir(), 'longshore-skopeo-'));
    pushed = await writeImage(from, 'tools/busybox', '1');
  });
  afterAll(async () => {
    await from.close();
    await to.close();
    await rm(folder, { recursive: true });
  });

  const skopeo = async (...args: string[]) => (await run('skopeo', ['--insecure-policy', ...args])).stdout;
  const image = (at: TestRegistry, name: string) => `docker://${at.host}/${name}`;
  const copy = (source: string, target: string, ...more: string[]) =>
    skopeo('copy', '--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false', ...more, source, target);
  const creds = (at: TestRegistry) => `AWS:${at.account.password}`;
  const digestAt = async (at: TestRegistry, name: string) =>
    (
      await skopeo('inspect', '--tls-verify=false', '--creds', creds(at), '--format', '{{.Digest}}', image(at, name))
    ).trim();

  test('an image goes from one registry to another, by name and by account', async () => {
    const login = ['--src-creds', creds(from), '--dest-creds', creds(to)];
    await copy(image(from, 'tools/busybox:1'), image(to, `${to.account.id}/mirror/busybox:1`), ...login);
    expect(await digestAt(to, 'mirror/busybox:1')).toBe(pushed);
    const manifest = await to.ask('/v2/mirror/busybox/manifests/1');
    expect(digestOf(Buffer.from(await manifest.arrayBuffer()))).toBe(pushed);
  });

  test('to a folder and back; what is there already is not sent again', async () => {
    await copy(image(from, 'tools/busybox:1'), `oci:${folder}/layout:1`, '--src-creds', creds(from));
    const received = from.meter.value('longshore_registry_blob_received_bytes_total');
    await copy(`oci:${folder}/layout:1`, image(from, 'tools/busybox:again'), '--dest-creds', creds(from));
    expect(from.meter.value('longshore_registry_blob_received_bytes_total')).toBe(received);
    expect(await digestAt(from, 'tools/busybox:again')).toBe(pushed);
  });

  test('tags are listed and deleted', async () => {
    const login = ['--tls-verify=false', '--creds', creds(from)];
    await writeImage(from, 'tools/old', 'gone');
    expect(JSON.parse(await skopeo('list-tags', ...login, image(from, 'tools/old')))).toMatchObject({ Tags: ['gone'] });
    await skopeo('delete', ...login, image(from, 'tools/old:gone'));
    expect((await from.ask('/v2/tools/old/manifests/gone')).status).toBe(404);
  });

  test('without a password nothing moves', async () => {
    await expect(copy(image(from, 'tools/busybox:1'), `oci:${folder}/none:1`)).rejects.toThrow(
      /Authentication is required|unauthorized/i,
    );
    await expect(
      copy(image(from, 'tools/busybox:1'), `oci:${folder}/none:1`, '--src-creds', creds(to)),
    ).rejects.toThrow(/authentication required|unauthorized|Authentication is required/i);
  });

  test('a writer is refused a name that breaks the grammar, and a principal without the right', async () => {
    await expect(from.registry.imageWriter(from.account.principal, 'Bad Name')).rejects.toThrow('name is invalid');
    const reader = await from.addUser('reader', ['ecr:BatchGetImage']);
    await expect(from.registry.imageWriter(reader.principal, 'tools/busybox')).rejects.toThrow('not authorized');
  });
});
