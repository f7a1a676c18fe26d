// The hello image, built and run by a real Docker Engine: by way of an OCI layout on disk and skopeo.
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Digest, digestHex, newHexId } from '@longshore/base';
import { expect, test } from 'vitest';
import { buildImage } from './build.ts';
import { isStaticProgram } from './elf.ts';
import { prepareHello } from './hello.ts';
import { type KeptImage, keepingWriter } from './testing.ts';

const run = promisify(execFile);

/** Writes the image as an OCI layout (image-spec, image-layout.md). */
async function writeLayout(dir: string, image: KeptImage, manifest: Digest): Promise<void> {
  const blobs = join(dir, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const [digest, bytes] of image.blobs) await writeFile(join(blobs, digestHex(digest)), bytes);
  const { bytes, mediaType } = image.manifests.get('latest') ?? { bytes: Buffer.alloc(0), mediaType: '' };
  await writeFile(join(blobs, digestHex(manifest)), bytes);
  await writeFile(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const descriptor = { mediaType, digest: manifest, size: bytes.length };
  const annotated = { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  await writeFile(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [annotated] }));
}

test('Docker loads the hello image, runs it, and stops it with its signal', { timeout: 60_000 }, async () => {
  const layout = await mkdtemp(join(tmpdir(), 'longshore-layout-'));
  const name = `longshore-test-hello-${newHexId()}:latest`;
  const container = `longshore-test-hello-${newHexId()}`;
  try {
    await using hello = await prepareHello();
    const writer = keepingWriter();
    const { manifestDigest } = await buildImage({ contextDir: hello.contextDir, tag: 'latest', writer });
    await writeLayout(layout, writer, manifestDigest);
    await run('skopeo', ['copy', '--quiet', `oci:${layout}:latest`, `docker-daemon:${name}`]);
    await run('docker', ['run', '--detach', '--name', container, '--publish', '127.0.0.1::8080', name]);
    const { stdout: address } = await run('docker', ['port', container, '8080/tcp']);
    const page = await fetchWhenUp(`http://${address.trim()}/`);
    expect(page).toContain('<h1>Hello from Longshore</h1>');
    await run('docker', ['stop', '--time', '20', container]);
    const { stdout: exitCode } = await run('docker', ['inspect', '--format', '{{.State.ExitCode}}', container]);
    expect(exitCode.trim()).toBe('0');
  } finally {
    await run('docker', ['rm', '--force', container]).catch(() => undefined);
    await run('docker', ['rmi', '--force', name]).catch(() => undefined);
    await rm(layout, { recursive: true });
  }
});

async function fetchWhenUp(url: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  while (true) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('the prepared folder goes away when it is disposed of', async () => {
  const hello = await prepareHello();
  await access(join(hello.contextDir, 'busybox'));
  await hello[Symbol.asyncDispose]();
  await expect(access(hello.contextDir)).rejects.toThrow('ENOENT');
});

test('without a static busybox the way out is said', async () => {
  await expect(prepareHello(['/nonexistent', '/bin/sh', '/etc/hostname'])).rejects.toMatchObject({
    name: 'UserError',
    next: 'Install it with: apt-get install busybox-static',
  });
});

test('static programs are told from those that need a loader', async () => {
  expect(await isStaticProgram('/bin/busybox')).toBe(true);
  expect(await isStaticProgram(process.execPath)).toBe(false);
  expect(await isStaticProgram('/etc/hostname')).toBe(false);
});
