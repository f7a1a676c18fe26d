// A minimal image pusher over the OCI protocol, for tests that kill the server in the middle and must know exactly what
// was acknowledged.
import { createHash, randomBytes } from 'node:crypto';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { Longshore } from './longshore.ts';

/** The Authorization header of a registry password. */
export async function registryAuthorization(longshore: Longshore): Promise<string> {
  const ecr = new ECRClient({
    endpoint: longshore.url,
    region: longshore.credentials.region,
    credentials: longshore.credentials,
  });
  const answer = await ecr.send(new GetAuthorizationTokenCommand({}));
  ecr.destroy();
  return `Basic ${answer.authorizationData?.[0]?.authorizationToken ?? ''}`;
}

export interface TestImage {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: string;
  readonly digest: string;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image of random layers; not runnable, but whole. */
export function randomImage(repository: string, tag: string, layerSizes: readonly number[]): TestImage {
  const layers = layerSizes.map((size) => randomBytes(size));
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map(sha256) } }),
  );
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
    layers: layers.map((each) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: sha256(each),
      size: each.length,
    })),
  });
  return {
    repository,
    tag,
    manifest,
    digest: sha256(manifest),
    blobs: new Map([config, ...layers].map((each) => [sha256(each), each])),
  };
}

/** Pushes; resolves only if everything was acknowledged. */
export async function pushImage(url: string, authorization: string, image: TestImage): Promise<void> {
  const base = `${url}/v2/${image.repository}`;
  for (const [digest, bytes] of image.blobs) {
    const start = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers: { authorization } });
    const location = new URL(start.headers.get('location') ?? '', url);
    if (start.status !== 202) throw new Error(`POST uploads: ${start.status} ${await start.text()}`);
    const half = Math.floor(bytes.length / 2);
    const patch = await fetch(location, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: Buffer.from(bytes.subarray(0, half)),
    });
    if (patch.status !== 202) throw new Error(`PATCH: ${patch.status} ${await patch.text()}`);
    const finish = new URL(patch.headers.get('location') ?? location.href, url);
    finish.searchParams.set('digest', digest);
    const put = await fetch(finish, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: Buffer.from(bytes.subarray(half)),
    });
    if (put.status !== 201) throw new Error(`PUT: ${put.status} ${await put.text()}`);
  }
  const put = await fetch(`${base}/manifests/${image.tag}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    body: image.manifest,
  });
  if (put.status !== 201) throw new Error(`PUT manifest: ${put.status} ${await put.text()}`);
}

/** Pulls everything of an image and checks every digest; gives what is wrong, or undefined. */
export async function pullFault(url: string, authorization: string, image: TestImage): Promise<string | undefined> {
  const base = `${url}/v2/${image.repository}`;
  const headers = { authorization, accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = await fetch(`${base}/manifests/${image.tag}`, { headers });
  if (manifest.status !== 200) return `${image.repository}:${image.tag} answers ${manifest.status}`;
  if (sha256(await manifest.text()) !== image.digest) return `${image.repository}:${image.tag} is another manifest`;
  for (const digest of image.blobs.keys()) {
    const blob = await fetch(`${base}/blobs/${digest}`, { headers: { authorization } });
    if (blob.status !== 200) return `${image.repository}@${digest} answers ${blob.status}`;
    if (sha256(new Uint8Array(await blob.arrayBuffer())) !== digest)
      return `${image.repository}@${digest} has other bytes`;
  }
  return undefined;
}
