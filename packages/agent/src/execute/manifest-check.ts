// Asks a registry, with one HEAD request, which digest a tag has now: an image that is here already with that digest
// need not be pulled again.
import { type ImageReference } from '../docker/reference.ts';
import type { RegistryToken } from './ecr-token.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The digest that `reference` has in the registry, or undefined if that is not plainly known (a pull will tell). */
export async function currentDigest(reference: ImageReference, token: RegistryToken): Promise<string | undefined> {
  const url = new URL(`/v2/${reference.path}/manifests/${reference.digest ?? reference.tag}`, token.endpoint);
  const authorization = `Basic ${Buffer.from(`${token.username}:${token.password}`).toString('base64')}`;
  try {
    const answer = await fetch(url, {
      method: 'HEAD',
      headers: { accept: manifestTypes, authorization },
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    });
    return answer.ok ? (answer.headers.get('docker-content-digest') ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}
