// The clients of the field that only Go builds (script/go-tools crane oras helm cosign), against a Longshore as a user starts
// it: push, pull, copy, tag, delete, index, artifacts, attached artifacts, signatures, charts. What is not built is skipped.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goTool } from './support/go-tools.ts';
import { digestOfTag, manifestOf, type OciRegistry, openOciRegistry, referrersOf } from './support/oci-registry.ts';

const crane = goTool('crane');
const oras = goTool('oras');
const helm = goTool('helm');
const cosign = goTool('cosign');
const config = 'application/vnd.oci.image.config.v1+json';

const byText = (a: string, b: string) => (a < b ? -1 : 1);

let at: OciRegistry;
beforeAll(async () => {
  at = await openOciRegistry();
});
afterAll(() => at?.close());

/** A tar of one file of random bytes in the clients' folder. */
async function layerFile(name: string): Promise<string> {
  const folder = join(at.folder, `${name}-files`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), randomBytes(5_000));
  const tar = join(at.folder, `${name}.tar`);
  await at.client('tar', ['-C', folder, '-cf', tar, '.']);
  return tar;
}

/** Logs crane in; cosign reads the same file. */
async function logIn(): Promise<void> {
  await at.client(crane ?? '', ['auth', 'login', at.host, '-u', 'AWS', '--password-stdin'], { input: at.password });
}

describe.skipIf(crane === undefined)('crane (script/go-tools crane)', () => {
  const inCrane = (...args: string[]) => at.client(crane ?? '', args);

  test('appends, copies, tags, makes an index, validates, lists and deletes', async () => {
    await logIn();
    const one = `${at.host}/crane/one`;
    await inCrane('append', '--oci-empty-base', '--new_layer', await layerFile('crane-a'), '--new_tag', `${one}:a`);
    await inCrane('append', '--oci-empty-base', '--new_layer', await layerFile('crane-b'), '--new_tag', `${one}:b`);
    const a = (await inCrane('digest', `${one}:a`)).trim();
    const b = (await inCrane('digest', `${one}:b`)).trim();
    await inCrane('copy', `${one}:a`, `${at.host}/crane/two:a`);
    expect(await digestOfTag(at, 'crane/two', 'a')).toBe(a);
    await inCrane('index', 'append', '-m', `${one}:a`, '-m', `${one}:b`, '-t', `${one}:all`);
    expect((await manifestOf(at, 'crane/one', 'all')).manifests?.map(({ digest }) => digest)).toEqual([a, b]);
    await inCrane('tag', `${one}:a`, 'latest');
    await inCrane('mutate', `${one}:b`, '--label', 'x=y', '-t', `${one}:labelled`);
    await inCrane('validate', '--remote', `${one}:all`);
    await inCrane('pull', `${one}:a`, join(at.folder, 'crane-out.tar'));
    expect((await inCrane('ls', one)).trim().split('\n')).toEqual(['a', 'all', 'b', 'labelled', 'latest']);
    expect((await inCrane('catalog', at.host)).split('\n')).toContain('crane/two');
    await inCrane('delete', `${at.host}/crane/two@${a}`);
    expect(await digestOfTag(at, 'crane/two', 'a')).toBeUndefined();
  }, 120_000);
});

describe.skipIf(oras === undefined)('oras (script/go-tools oras)', () => {
  const inOras = (...args: string[]) => at.client(oras ?? '', args);

  test('pushes an artifact, attaches to it, discovers, copies it with what is attached, pulls and deletes', async () => {
    await at.client(oras ?? '', ['login', '--plain-http', '-u', 'AWS', '--password-stdin', at.host], {
      input: at.password,
    });
    writeFileSync(join(at.folder, 'model.bin'), randomBytes(10_000));
    writeFileSync(join(at.folder, 'sbom.json'), '{"sbom":true}');
    const one = `${at.host}/oras/one:1`;
    const type = 'application/vnd.example.model.v1';
    await inOras('push', '--plain-http', '--artifact-type', type, `${one},2`, 'model.bin:application/octet-stream');
    const digest = (await digestOfTag(at, 'oras/one', '1')) ?? '';
    expect(await digestOfTag(at, 'oras/one', '2')).toBe(digest);
    expect((await manifestOf(at, 'oras/one', '1')).artifactType).toBe(type);
    await inOras('attach', '--plain-http', '--artifact-type', 'application/sbom', one, 'sbom.json:application/json');
    await inOras('attach', '--plain-http', '--artifact-type', 'application/note', one, 'sbom.json:application/json');
    const tree = await inOras('discover', '--plain-http', '--artifact-type', 'application/sbom', one);
    expect(tree).toContain('application/sbom');
    expect(tree).not.toContain('application/note');
    await inOras('cp', '-r', '--from-plain-http', '--to-plain-http', one, `${at.host}/oras/two:1`);
    expect(
      (await referrersOf(at, 'oras/two', digest)).map(({ artifactType = '' }) => artifactType).toSorted(byText),
    ).toEqual(['application/note', 'application/sbom']);
    await inOras('tag', '--plain-http', one, 'three', 'four');
    expect((await inOras('repo', 'tags', '--plain-http', `${at.host}/oras/one`)).trim().split('\n')).toEqual([
      '1',
      '2',
      'four',
      'three',
    ]);
    await inOras('pull', '--plain-http', '-o', 'oras-out', one);
    const pulled = readFileSync(join(at.folder, 'oras-out', 'model.bin'));
    expect(pulled.equals(readFileSync(join(at.folder, 'model.bin')))).toBe(true);
    await inOras('manifest', 'delete', '--plain-http', '--force', `${at.host}/oras/two@${digest}`);
    expect(await digestOfTag(at, 'oras/two', '1')).toBeUndefined();
  }, 120_000);
});

describe.skipIf(helm === undefined)('helm (script/go-tools helm)', () => {
  const inHelm = (...args: string[]) => at.client(helm ?? '', args);

  test('pushes a chart, shows and pulls it', async () => {
    await at.client(helm ?? '', ['registry', 'login', '--plain-http', '-u', 'AWS', '--password-stdin', at.host], {
      input: at.password,
    });
    await inHelm('create', 'web');
    await inHelm('package', 'web', '--version', '1.2.3');
    await inHelm('push', '--plain-http', 'web-1.2.3.tgz', `oci://${at.host}/charts`);
    const { layers } = await manifestOf(at, 'charts/web', '1.2.3');
    expect(layers?.map(({ mediaType }) => mediaType)).toEqual(['application/vnd.cncf.helm.chart.content.v1.tar+gzip']);
    expect(
      await inHelm('show', 'chart', '--plain-http', `oci://${at.host}/charts/web`, '--version', '1.2.3'),
    ).toContain('name: web');
    mkdirSync(join(at.folder, 'pulled'));
    await inHelm('pull', '--plain-http', `oci://${at.host}/charts/web`, '--version', '1.2.3', '-d', 'pulled');
    const pulled = readFileSync(join(at.folder, 'pulled', 'web-1.2.3.tgz'));
    expect(pulled.equals(readFileSync(join(at.folder, 'web-1.2.3.tgz')))).toBe(true);
  }, 120_000);
});

describe.skipIf(cosign === undefined || crane === undefined)('cosign (script/go-tools crane cosign)', () => {
  const inCosign = (args: readonly string[], env: Record<string, string> = {}) =>
    at.client(cosign ?? '', args, { env: { COSIGN_PASSWORD: 'of a test', ...env } });
  const http = ['--allow-http-registry', '--allow-insecure-registry'];

  async function signed(name: string, signing: readonly string[], env: Record<string, string> = {}): Promise<string> {
    await logIn();
    await at.client(crane ?? '', [
      'append',
      '--oci-empty-base',
      '--new_layer',
      await layerFile(name),
      '--new_tag',
      `${at.host}/cosign/${name}:1`,
    ]);
    const digest = (await digestOfTag(at, `cosign/${name}`, '1')) ?? '';
    const image = `${at.host}/cosign/${name}@${digest}`;
    const key = join(at.folder, `${name}-key`);
    await inCosign(['generate-key-pair', '--output-key-prefix', key]);
    await inCosign(['sign', '--yes', ...http, ...signing, '--key', `${key}.key`, image], env);
    const verify = ['verify', ...http, '--insecure-ignore-tlog=true', '--key', `${key}.pub`, image];
    expect(await inCosign([...verify, ...(env.COSIGN_EXPERIMENTAL ? ['--experimental-oci11'] : [])], env)).toContain(
      digest,
    );
    return digest;
  }

  test('signs an image by a tag and verifies it; another key is refused', async () => {
    const digest = await signed('tagged', [
      '--tlog-upload=false',
      '--use-signing-config=false',
      '--new-bundle-format=false',
    ]);
    expect(await digestOfTag(at, 'cosign/tagged', `${digest.replace(':', '-')}.sig`)).toMatch(/^sha256:/);
    const other = join(at.folder, 'other');
    await inCosign(['generate-key-pair', '--output-key-prefix', other]);
    const wrong = inCosign([
      'verify',
      ...http,
      '--insecure-ignore-tlog=true',
      '--key',
      `${other}.pub`,
      `${at.host}/cosign/tagged@${digest}`,
    ]);
    await expect(wrong).rejects.toThrow('ended with');
  }, 120_000);

  test('signs an image by a referrer (OCI 1.1) and verifies it', async () => {
    const digest = await signed(
      'referred',
      [
        '--tlog-upload=false',
        '--use-signing-config=false',
        '--new-bundle-format=false',
        '--registry-referrers-mode',
        'oci-1-1',
      ],
      { COSIGN_EXPERIMENTAL: '1' },
    );
    const referrers = await referrersOf(at, 'cosign/referred', digest);
    expect(referrers).toHaveLength(1);
    expect(referrers[0]?.artifactType).not.toBe(config);
  }, 120_000);
});
