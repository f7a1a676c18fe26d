// The clients of the field that Debian has, against a Longshore as a user starts it: push, pull, copy, delete, index, zstd.
// Clients that only Go builds are in oci-go-clients.test.ts. A client that is not installed is skipped.
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerCli, findExecutable } from './support/command.ts';
import { docker } from './support/docker.ts';
import { importBusybox } from './support/images.ts';
import { digestOfTag, manifestOf, type OciRegistry, openOciRegistry } from './support/oci-registry.ts';

const podman = findExecutable('/usr/bin/podman', '/usr/local/bin/podman');
const buildah = findExecutable('/usr/bin/buildah', '/usr/local/bin/buildah');
const skopeo = findExecutable('/usr/bin/skopeo', '/usr/local/bin/skopeo');
const busybox = '/bin/busybox';

let at: OciRegistry;
beforeAll(async () => {
  at = await openOciRegistry();
});
afterAll(() => at?.close());

/** Storage of a test's own, so that nothing of the user's is touched. */
const storage = (name: string) => [
  '--root',
  join(at.folder, `${name}-root`),
  '--runroot',
  join(at.folder, `${name}-run`),
  '--storage-driver',
  'vfs',
];
const login = ['login', '--tls-verify=false', '-u', 'AWS', '--password-stdin'];

describe('docker', () => {
  const inDocker = (args: readonly string[], input = '') =>
    at.client(dockerCli, args, { input, env: { DOCKER_CLI_EXPERIMENTAL: 'enabled' } });

  test('pushes, pulls by tag and digest, and makes an index', async () => {
    await inDocker(['login', '-u', 'AWS', '--password-stdin', at.host], at.password);
    const name = `${at.host}/docker/app:1`;
    await importBusybox(name, `docker ${randomBytes(4).toString('hex')}`);
    const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await inDocker(['push', name]))?.[1] ?? '';
    expect(await digestOfTag(at, 'docker/app', '1')).toBe(pushed);
    await docker.removeImage(name);
    expect(await inDocker(['pull', name])).toContain(`Digest: ${pushed}`);
    expect(await inDocker(['pull', `${at.host}/docker/app@${pushed}`])).toContain(`Digest: ${pushed}`);
    const index = `${at.host}/docker/app:all`;
    await inDocker(['manifest', 'create', '--insecure', index, name]);
    await inDocker(['manifest', 'push', '--insecure', '--purge', index]);
    const { manifests } = await manifestOf(at, 'docker/app', 'all');
    expect(manifests?.map(({ digest }) => digest)).toEqual([pushed]);
    expect(await inDocker(['pull', index])).toContain('Digest: sha256:');
    await inDocker(['logout', at.host]);
    for (const each of [name, index]) await docker.removeImage(each);
  }, 240_000);
});

describe.skipIf(podman === undefined)('podman', () => {
  const inPodman = (args: readonly string[], input?: string) =>
    at.client(podman ?? '', [...storage('podman'), ...args], input === undefined ? {} : { input });

  test('pushes, pulls, makes an index, compresses with zstd, lists tags', async () => {
    await inPodman([...login, at.host], at.password);
    const folder = join(at.folder, 'podman-files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'marker'), randomBytes(2_000));
    await at.client('tar', ['-C', folder, '-cf', join(at.folder, 'podman.tar'), '.']);
    const name = `${at.host}/podman/app:1`;
    await inPodman(['import', '--quiet', join(at.folder, 'podman.tar'), name]);
    // zstd first: layers that the registry is known to have are not compressed again.
    await inPodman([
      'push',
      '--tls-verify=false',
      '--quiet',
      '--format',
      'oci',
      '--compression-format',
      'zstd',
      name,
      `docker://${at.host}/podman/app:zstd`,
    ]);
    expect((await manifestOf(at, 'podman/app', 'zstd')).layers?.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.layer.v1.tar+zstd',
    ]);
    await inPodman(['push', '--tls-verify=false', '--quiet', name]);
    const pushed = await digestOfTag(at, 'podman/app', '1');
    expect(pushed).toMatch(/^sha256:/);
    await inPodman(['rmi', '--all', '--force']);
    await inPodman(['pull', '--tls-verify=false', '--quiet', `${at.host}/podman/app@${pushed}`]);
    await inPodman(['pull', '--tls-verify=false', '--quiet', `${at.host}/podman/app:zstd`]);
    await inPodman(['manifest', 'create', 'list']);
    await inPodman(['manifest', 'add', '--tls-verify=false', 'list', `docker://${at.host}/podman/app@${pushed}`]);
    await inPodman(['manifest', 'push', '--tls-verify=false', '--all', 'list', `docker://${at.host}/podman/app:all`]);
    expect((await manifestOf(at, 'podman/app', 'all')).manifests?.map(({ digest }) => digest)).toEqual([pushed]);
    const listed = await inPodman(['search', '--tls-verify=false', '--list-tags', `${at.host}/podman/app`]);
    const tags = [...listed.matchAll(/podman\/app\s+(\S+)/g)].map(([, tag]) => tag);
    expect(new Set(tags)).toEqual(new Set(['1', 'all', 'zstd']));
  }, 240_000);
});

describe.skipIf(buildah === undefined)('buildah', () => {
  const inBuildah = (args: readonly string[], input?: string) =>
    at.client(buildah ?? '', [...storage('buildah'), ...args], input === undefined ? {} : { input });

  test('builds from what it pulls and pushes the result, OCI and Docker', async () => {
    await inBuildah([...login, at.host], at.password);
    copyFileSync(busybox, join(at.folder, 'busybox'));
    const scratch = (await inBuildah(['from', 'scratch'])).trim();
    await inBuildah(['copy', '--quiet', scratch, 'busybox', '/bin/busybox']);
    await inBuildah(['config', '--cmd', '/bin/busybox', scratch]);
    for (const format of ['oci', 'docker']) {
      const name = `${at.host}/buildah/base:${format}`;
      await inBuildah(['commit', '--quiet', '--format', format, scratch, name]);
      await inBuildah(['push', '--tls-verify=false', '--quiet', name]);
      await inBuildah(['rmi', '--force', name]);
    }
    expect((await manifestOf(at, 'buildah/base', 'oci')).mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
    expect((await manifestOf(at, 'buildah/base', 'docker')).mediaType).toBe(
      'application/vnd.docker.distribution.manifest.v2+json',
    );
    const derived = (await inBuildah(['from', '--tls-verify=false', '--quiet', `${at.host}/buildah/base:oci`])).trim();
    writeFileSync(join(at.folder, 'note'), 'derived');
    await inBuildah(['copy', '--quiet', derived, 'note', '/note']);
    await inBuildah(['commit', '--quiet', '--tls-verify=false', derived, `docker://${at.host}/buildah/derived:1`]);
    expect((await manifestOf(at, 'buildah/derived', '1')).layers).toHaveLength(2);
  }, 240_000);
});

describe.skipIf(skopeo === undefined)('skopeo', () => {
  const inSkopeo = (args: readonly string[], input?: string) =>
    at.client(skopeo ?? '', ['--insecure-policy', ...args], input === undefined ? {} : { input });
  const both = ['--src-tls-verify=false', '--dest-tls-verify=false'];

  test('copies in, between repositories and out, lists, inspects, deletes', async () => {
    await inSkopeo([...login, at.host], at.password);
    const files = join(at.folder, 'skopeo-files');
    mkdirSync(files);
    writeFileSync(join(files, 'content'), randomBytes(3_000));
    await at.client('tar', ['-C', files, '-cf', join(at.folder, 'skopeo.tar'), '.']);
    const scratch = join(at.folder, 'skopeo-oci');
    await inSkopeo(['copy', '--quiet', `tarball:${join(at.folder, 'skopeo.tar')}`, `oci:${scratch}:1`]);
    const one = `docker://${at.host}/skopeo/one:1`;
    const two = `docker://${at.host}/skopeo/two:1`;
    await inSkopeo(['copy', '--quiet', '--dest-tls-verify=false', `oci:${scratch}:1`, one]);
    await inSkopeo(['copy', '--quiet', ...both, '--preserve-digests', '--all', one, two]);
    const digest = await digestOfTag(at, 'skopeo/one', '1');
    expect(await digestOfTag(at, 'skopeo/two', '1')).toBe(digest);
    await inSkopeo(['copy', '--quiet', ...both, two, `${two}-again`]);
    const { Digest, RepoTags } = JSON.parse(await inSkopeo(['inspect', '--tls-verify=false', two])) as {
      Digest: string;
      RepoTags: string[];
    };
    expect([Digest, RepoTags]).toEqual([digest, ['1', '1-again']]);
    await inSkopeo(['copy', '--quiet', '--src-tls-verify=false', two, `dir:${join(at.folder, 'skopeo-out')}`]);
    await inSkopeo(['delete', '--tls-verify=false', one]);
    expect(await digestOfTag(at, 'skopeo/one', '1')).toBeUndefined();
    const tags = JSON.parse(await inSkopeo(['list-tags', '--tls-verify=false', `docker://${at.host}/skopeo/two`])) as {
      Tags: string[];
    };
    expect(tags.Tags).toEqual(['1', '1-again']);
  }, 120_000);
});
