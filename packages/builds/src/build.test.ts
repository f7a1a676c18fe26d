// Whole builds, with a writer that keeps what it is given.
import { gunzipSync } from 'node:zlib';
import { type Digest, digestOf, UserError } from '@longshore/base';
import { describe, expect, test } from 'vitest';
import { buildImage } from './build.ts';
import { entriesOf, folderOf, type KeptImage, keepingWriter } from './testing.ts';

interface Config {
  readonly config: Record<string, unknown>;
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly history: readonly { readonly created_by: string; readonly empty_layer?: boolean }[];
}

async function build(files: Readonly<Record<string, string>>, args: Readonly<Record<string, string>> = {}) {
  await using folder = await folderOf(files);
  const writer = keepingWriter();
  const result = await buildImage({ contextDir: folder.dir, tag: 'v1', writer, architecture: 'amd64', args });
  return { result, writer, config: configOf(writer) };
}

function configOf(writer: KeptImage): Config {
  const manifest = JSON.parse(writer.manifests.get('v1')?.bytes.toString() ?? '{}');
  return JSON.parse(writer.blobs.get(manifest.config.digest)?.toString() ?? '{}');
}

async function layerNames(writer: KeptImage, digest: Digest | undefined): Promise<string[]> {
  const layer = digest === undefined ? undefined : writer.blobs.get(digest);
  return layer === undefined ? [] : (await entriesOf(layer)).map(({ name }) => name);
}

test('every setting reaches the config', async () => {
  const { config } = await build(
    {
      Dockerfile: `ARG BASE=scratch
FROM \${BASE}
ARG VERSION=1
ARG TARGETARCH
ENV A=one B="two words" C=$A
ENV A=$VERSION D=\${A}-$TARGETARCH
LABEL title="A title" "quoted key"=x
LABEL legacy some value
MAINTAINER someone
WORKDIR /srv
WORKDIR app
USER 1000:1000
EXPOSE 80 53/udp 8000-8001
VOLUME ["/data", "/more data"]
VOLUME /logs
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=1m30s --retries=3 CMD wget -q localhost
ENTRYPOINT ["/app", "$A"]
CMD echo "hi" && true
`,
    },
    { VERSION: '7' },
  );
  expect(config).toMatchObject({ architecture: 'amd64', os: 'linux', author: 'someone' });
  expect(config.config).toEqual({
    Env: [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'A=7',
      'B=two words',
      'C=',
      'D=one-amd64',
    ],
    Labels: { title: 'A title', 'quoted key': 'x', legacy: 'some value' },
    WorkingDir: '/srv/app',
    User: '1000:1000',
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} },
    Volumes: { '/data': {}, '/more data': {}, '/logs': {} },
    StopSignal: 'SIGQUIT',
    Healthcheck: { Test: ['CMD-SHELL', 'wget -q localhost'], Interval: 90e9, Retries: 3 },
    Entrypoint: ['/app', '$A'],
    Cmd: ['/bin/sh', '-c', 'echo "hi" && true'],
  });
});

test('each COPY is a layer that names its step, with the digests and sizes of what was stored', async () => {
  const { result, writer, config } = await build({
    Dockerfile: 'FROM scratch\nCOPY run.sh /bin/\nENV A=1\nCOPY --chown=5:6 --chmod=640 site /www\n',
    'run.sh': 'x',
    'site/index.html': 'hello',
    'site/css/a.css': 'b',
  });
  expect(result.layers.map(({ step }) => step)).toEqual([
    'COPY run.sh /bin/',
    'COPY --chown=5:6 --chmod=640 site /www',
  ]);
  for (const [index, { digest, size }] of result.layers.entries()) {
    const blob = writer.blobs.get(digest) ?? Buffer.alloc(0);
    expect(blob).toHaveLength(size);
    expect(config.rootfs.diff_ids[index]).toBe(digestOf(gunzipSync(blob)));
  }
  expect(config.history.map(({ empty_layer }) => empty_layer ?? false)).toEqual([false, true, false]);
  expect(JSON.parse(writer.manifests.get('v1')?.bytes.toString() ?? '')).toMatchObject({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    layers: result.layers.map(({ digest, size }) => ({ digest, size })),
  });
  const site = writer.blobs.get(result.layers[1]?.digest as Digest) ?? Buffer.alloc(0);
  expect(await entriesOf(site)).toEqual([
    { name: 'www', type: 'directory', mode: 0o640, owner: '5:6', content: '' },
    { name: 'www/css', type: 'directory', mode: 0o640, owner: '5:6', content: '' },
    { name: 'www/css/a.css', type: 'file', mode: 0o640, owner: '5:6', content: 'b' },
    { name: 'www/index.html', type: 'file', mode: 0o640, owner: '5:6', content: 'hello' },
  ]);
});

test('the same source gives the same image, whenever and wherever it is built', async () => {
  const files = { Dockerfile: 'FROM scratch\nCOPY . /\n', b: '1', a: '2', 'd/c': '3' };
  const [first, second] = [await build(files), await build(files)];
  expect(second.result).toEqual(first.result);
});

test('globs, ignore rules and links choose what is copied', async () => {
  const { result, writer } = await build({
    '.dockerignore': 'secret\n*.log\n!keep.log\nDockerfile\n.dockerignore\n',
    Dockerfile: 'FROM scratch\nCOPY *.txt link /t/\nCOPY . /all/\n',
    'a.txt': '1',
    'b.txt': '2',
    'c.md': '3',
    'x.log': '4',
    'keep.log': '5',
    'secret/key': '6',
    link: '-> a.txt',
    dangling: '-> /etc/nowhere',
  });
  expect(await layerNames(writer, result.layers[0]?.digest)).toEqual(['t', 't/a.txt', 't/b.txt', 't/link']);
  expect(await layerNames(writer, result.layers[1]?.digest)).toEqual([
    'all',
    'all/a.txt',
    'all/b.txt',
    'all/c.md',
    'all/dangling',
    'all/keep.log',
    'all/link',
  ]);
});

describe('what cannot be built is refused with the line and the reason', () => {
  const files = { a: '1', b: '2', 'data.tar.bz2': 'BZh91AY&SY', out: '-> /etc', 'in/up': '-> ../..' };
  test.each([
    ['FROM debian:12', 'line 1: the base debian:12 is not supported yet, only scratch'],
    ['RUN true', 'line 1: the first instruction is FROM'],
    ['', 'The build file is empty'],
    ['FROM scratch\nRUN apt-get update', 'line 2: RUN is not supported yet'],
    ['FROM scratch AS x\nFROM scratch', 'line 2: a second stage is not supported yet'],
    ['FROM scratch\nCOPY --from=x a b', 'line 2: COPY --from is not supported'],
    ['FROM scratch\nCOPY ../a /', 'line 2: "../a" is outside'],
    ['FROM scratch\nCOPY out/passwd /', 'line 2: out/passwd is a link to something outside'],
    ['FROM scratch\nCOPY in/up /x', 'line 2: in/up is a link to something outside'],
    ['FROM scratch\nCOPY nope /', 'line 2: "nope" is not in the folder'],
    ['FROM scratch\nCOPY a b /x', 'line 2: several files are copied'],
    ['FROM scratch\nCOPY a', 'line 2: COPY needs at least one source'],
    ['FROM scratch\nCOPY --chown=www a /', 'line 2: --chown needs ids'],
    ['FROM scratch\nCOPY --chmod=u+x a /', 'line 2: --chmod needs an octal number'],
    ['FROM scratch\nADD https://example.org/x /', 'line 2: ADD of something remote'],
    ['FROM scratch\nADD data.tar.bz2 /', 'line 2: ADD does not unpack'],
    ['FROM scratch\nEXPOSE 70000', 'line 2: "70000" is not a port'],
    ['FROM scratch\nSTOPSIGNAL hang-up', 'line 2: STOPSIGNAL needs one signal'],
    ['FROM scratch\nENV $', 'line 2: ENV needs name=value'],
    ['FROM scratch\nENV A="x', 'line 2: a quote " is not closed'],
    ['FROM scratch\nHEALTHCHECK --interval=soon CMD x', 'line 2: --interval needs a duration'],
    ['FROM scratch\nPLEASE work', 'line 2: PLEASE is not an instruction'],
  ])('%j', async (Dockerfile, reason) => {
    const refused = build({ ...files, Dockerfile });
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(reason);
  });

  test('a folder without a build file', async () => {
    await expect(build({ a: '1' })).rejects.toThrow('There is no Dockerfile in');
  });

  test('a build file that is a link out of the folder', async () => {
    await expect(build({ Dockerfile: '-> /etc/hostname' })).rejects.toThrow('outside of the folder');
  });
});

test('a registry that fails ends the build with its error', async () => {
  await using folder = await folderOf({ Dockerfile: 'FROM scratch\nCOPY big /\n', big: 'x'.repeat(5_000_000) });
  const writer: KeptImage = {
    ...keepingWriter(),
    async putBlob(source) {
      for await (const _ of source) throw new Error('the disk is full');
      throw new Error('no bytes');
    },
  };
  await expect(buildImage({ contextDir: folder.dir, tag: 'v1', writer })).rejects.toThrow('the disk is full');
});
