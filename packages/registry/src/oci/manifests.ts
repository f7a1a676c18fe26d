// Manifests by tag and by digest (distribution-spec end-3, end-7, end-9).
import { parseDigest } from '@longshore/base';
import { RegistryError } from '../errors.ts';
import { throughCache } from '../pull-through/images.ts';
import { deleteImage, deleteTag, putImage } from '../images.ts';
import { limits } from '../limits.ts';
import { bareMediaType } from '../manifest.ts';
import { parseReference, parseTag, type Reference, type RepositoryRef, type Tag } from '../names.ts';
import { findManifest } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryForPush, requireAccess } from './access.ts';
import { header, type OciCall } from './call.ts';
import { withManifestBody } from './manifest-body.ts';
import { sendEmpty, setHeaders } from './respond.ts';
import { matchesEtag } from './send-blob.ts';

/** A weight of nothing: what is listed so is not wanted (RFC 9110, 12.4.2). */
const refused = /;\s*q=0(?:\.0{0,3})?\s*(?:;|$)/i;

/** Whether `Accept` takes `mediaType`. No header takes everything. */
export function accepts(accept: string | undefined, mediaType: string): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((each) => {
    if (refused.test(each)) return false;
    const wanted = bareMediaType(each);
    return wanted === mediaType || wanted === '*/*' || wanted === 'application/*';
  });
}

function acceptHeader(call: OciCall): string | undefined {
  const value: string | string[] | undefined = call.request.headers.accept;
  return Array.isArray(value) ? value.join(',') : value;
}

async function get(call: OciCall, name: string, ref: RepositoryRef, reference: Reference | undefined): Promise<void> {
  const { core, request, response } = call;
  const head = request.method === 'HEAD';
  const part = head ? 'head' : 'whole';
  const found = reference
    ? await core.imageMemory.manifest(call.caller.principal.arn, ref, reference, part, () =>
        findManifest(core, ref, reference, part),
      )
    : { repository: await findRepository(core.store, ref), manifest: undefined };
  await requireAccess(call, name, ref, found.repository, 'pull', ['ecr:BatchGetImage']);
  const { repository, manifest } = reference ? await throughCache(call, ref, reference, found, part) : found;
  const held = requireRepository(repository, ref);
  if (!manifest) throw new RegistryError('manifestUnknown');
  if (!accepts(acceptHeader(call), manifest.mediaType)) {
    throw new RegistryError('manifestUnknown', `The manifest is a ${manifest.mediaType}, which Accept does not allow.`);
  }
  const etag = `"${manifest.digest}"`;
  setHeaders(response, {
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    etag,
    vary: 'Accept',
  });
  if (matchesEtag(header(request, 'if-none-match'), etag)) return sendEmpty(call, 304);
  response.setHeader('content-length', manifest.size);
  if (head) core.endAnswer(response);
  else if (manifest.text === undefined) core.endAnswer(response, manifest.bytes);
  else core.endAnswer(response, manifest.text, 'latin1');
  if (head) return;
  core.pulls.record(held, manifest.digest, call.caller.principal.arn);
  core.counters.manifestsServed.add();
}

/** The tag of the path, or those of `?tag=` beside a digest. */
function wantedTags(call: OciCall, reference: Reference): readonly Tag[] {
  const listed = call.query.getAll('tag');
  if (listed.length > limits.tagsPerPut) throw new RegistryError('tooManyTags');
  const tags = listed.map((text) => {
    const tag = parseTag(text);
    if (!tag) throw new RegistryError('tagInvalid');
    return tag;
  });
  return 'tag' in reference ? [reference.tag, ...tags] : tags;
}

async function put(call: OciCall, name: string, ref: RepositoryRef, reference: Reference | undefined): Promise<void> {
  const found = await findRepository(call.core.store, ref);
  await requireAccess(call, name, ref, found, 'push', ['ecr:PutImage']);
  if (!reference) throw new RegistryError('tagInvalid');
  const tags = wantedTags(call, reference);
  const wanted = call.query.get('digest');
  const asked = wanted === null ? undefined : parseDigest(wanted);
  if (wanted !== null && !asked) throw new RegistryError('digestInvalid');
  const contentType = header(call.request, 'content-type');
  const pushed = await withManifestBody(call, async (bytes) => {
    const repository = await repositoryForPush(call, ref, found);
    return putImage(call.core, repository, {
      bytes,
      mediaType: contentType === undefined ? undefined : bareMediaType(contentType),
      digest: 'digest' in reference ? reference.digest : asked,
      tags,
    });
  });
  sendEmpty(call, 201, {
    location: `/v2/${name}/manifests/${pushed.digest}`,
    'docker-content-digest': pushed.digest,
    'oci-subject': pushed.manifest.subject,
    'oci-tag': call.query.has('tag') ? tags : undefined,
  });
}

async function remove(
  call: OciCall,
  name: string,
  ref: RepositoryRef,
  reference: Reference | undefined,
): Promise<void> {
  const found = await findRepository(call.core.store, ref);
  await requireAccess(call, name, ref, found, 'delete', ['ecr:BatchDeleteImage']);
  const repository = requireRepository(found, ref);
  if (!reference) throw new RegistryError('manifestUnknown');
  if ('tag' in reference) await deleteTag(call.core, repository, reference.tag);
  else await deleteImage(call.core, repository, reference.digest);
  sendEmpty(call, 202);
}

export async function handleManifest(call: OciCall, name: string, ref: RepositoryRef, item: string): Promise<void> {
  const reference = parseReference(item);
  if (!reference && item.includes(':')) throw new RegistryError('digestInvalid');
  switch (call.request.method) {
    case 'GET':
    case 'HEAD':
      return get(call, name, ref, reference);
    case 'PUT':
      return put(call, name, ref, reference);
    case 'DELETE':
      return remove(call, name, ref, reference);
    default:
      throw new RegistryError('unsupported');
  }
}
