// A real client with encrypted repositories: skopeo copies an image in and out, and is told when the key is withheld.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { expect, onTestFinished, test } from 'vitest';
import { openTestRegistry, pushImage } from './testing/fixture.ts';

const run = promisify(execFile);

test('skopeo copies into an encrypted repository and out of it, until its key is disabled', async () => {
  const at = await openTestRegistry();
  onTestFinished(() => at.close());
  const options = { endpoint: at.url, region: 'us-east-1', credentials: at.account.key };
  const [ecr, kms] = [new ECRClient(options), new KMSClient(options)];
  const { repository } = await ecr.send(
    new CreateRepositoryCommand({ repositoryName: 'sealed/app', encryptionConfiguration: { encryptionType: 'KMS' } }),
  );
  const layer = 'a layer in clear; '.repeat(20_000);
  const { digest } = await pushImage(at, 'plain/app', '1', [layer]);
  const creds = `AWS:${at.account.password}`;
  const copy = (from: string, to: string) =>
    run('skopeo', [
      '--insecure-policy',
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--src-creds',
      creds,
      '--dest-creds',
      creds,
      `docker://${at.host}/${from}`,
      `docker://${at.host}/${to}`,
    ]);
  await copy('plain/app:1', 'sealed/app:1');
  await copy('sealed/app:1', 'back/app:1');
  const back = await at.ask('/v2/back/app/manifests/1', { method: 'HEAD' });
  expect(back.headers.get('docker-content-digest')).toBe(digest);
  const files = await readdir(join(at.folder, 'blobs'), { recursive: true, withFileTypes: true });
  const inClear = await Promise.all(
    files.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
  );
  // In clear: config and layer of the two plain repositories, stored once. The sealed ones are blobs of their own.
  expect(inClear.filter((bytes) => bytes.includes('a layer in clear'))).toHaveLength(2);
  expect(inClear.filter((bytes) => bytes.subarray(0, 6).toString() === 'LSSEAL')).toHaveLength(2);
  await kms.send(new DisableKeyCommand({ KeyId: repository?.encryptionConfiguration?.kmsKey }));
  await expect(copy('sealed/app:1', 'again/app:1')).rejects.toThrow(/403|denied/);
  for (const client of [ecr, kms]) client.destroy();
});
