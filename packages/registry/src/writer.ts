// Writing images from inside the program (builds, imports): the same path as a client's push, without HTTP.
import type { Principal, RequestContext } from '@longshore/aws';
import { finishDigest, newHash, newHexId, newUuid } from '@longshore/base';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import { putImage } from './images.ts';
import { parseRepositoryName, parseTag, type RepositoryRef } from './names.ts';
import { beginPassing, cancelPassing, finishLayer, receive } from './receive.ts';
import { ensureRepository, findRepository } from './repositories.ts';
import type { Repository } from './repository.ts';
import { accessResource } from './resource.ts';
import type { ImageWriter } from './types.ts';

const actions = [
  'ecr:CreateRepository',
  'ecr:InitiateLayerUpload',
  'ecr:UploadLayerPart',
  'ecr:CompleteLayerUpload',
  'ecr:PutImage',
];

async function requirePush(core: Core, principal: Principal, ref: RepositoryRef): Promise<void> {
  const context: RequestContext = {
    requestId: newUuid(),
    sourceIp: '127.0.0.1',
    baseUrl: '',
    userAgent: 'longshore',
    now: core.clock.now(),
  };
  const resources = [await accessResource(core, ref, await findRepository(core.store, ref))];
  for (const action of actions) {
    const refusal = await core.authorizer.refusal(principal, { action, resources }, context);
    if (refusal !== undefined) throw new RegistryError('denied', refusal);
  }
}

async function putBlob(core: Core, repository: Repository, source: AsyncIterable<Uint8Array>) {
  const hash = newHash('sha256');
  async function* hashed() {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const id = newHexId();
  await beginPassing(core, repository, id);
  try {
    await receive(core, repository, id, hashed());
  } catch (error) {
    await cancelPassing(core, id);
    throw error;
  }
  const digest = finishDigest('sha256', hash);
  const { size } = await finishLayer(core, repository, { id, recorded: false }, digest);
  return { digest, size };
}

/**
 * A writer into `name` of the principal's own account; the repository is made if it is missing. Throws `RegistryError`
 * nameInvalid or denied.
 */
export async function createImageWriter(core: Core, principal: Principal, name: string): Promise<ImageWriter> {
  const parsed = parseRepositoryName(name);
  if (!parsed) throw new RegistryError('nameInvalid');
  const ref = { account: principal.account, name: parsed };
  await requirePush(core, principal, ref);
  const repository = await ensureRepository(core, ref, 'CREATE_ON_PUSH');
  return {
    putBlob: (source) => putBlob(core, repository, source),
    async putManifest(tag, mediaType, bytes) {
      const wanted = parseTag(tag);
      if (!wanted) throw new RegistryError('tagInvalid');
      return (await putImage(core, repository, { bytes, mediaType, tags: [wanted] })).digest;
    },
  };
}
