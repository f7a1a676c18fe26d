// GET, HEAD and DELETE of a blob (distribution-spec end-2, end-10), and the download URLs of the ECR API.
import { type Digest, parseDigest } from '@longshore/base';
import { z } from 'zod';
import { RegistryError } from '../errors.ts';
import { findLayer, findLayerOf, keepLayer, unlinkLayer } from '../layers.ts';
import { serveLayerThroughCache } from '../pull-through/layers.ts';
import { requireRepository } from '../repository.ts';
import type { RepositoryRef } from '../names.ts';
import { requireAccess } from './access.ts';
import type { OciCall, OciRequest } from './call.ts';
import { redirectToBytes } from './redirect.ts';
import { sendEmpty } from './respond.ts';
import { sendBlob, sentLayer } from './send-blob.ts';
import { keptIfSmall } from './small-layers.ts';

function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (!digest) throw new RegistryError('digestInvalid', 'The digest is malformed, or neither sha256 nor sha512.');
  return digest;
}

export async function handleBlob(call: OciCall, name: string, ref: RepositoryRef, item: string): Promise<void> {
  const digest = requireDigest(item);
  const { core, caller } = call;
  const { repository, layer } = await core.imageMemory.layer(caller.principal.arn, ref, digest, () =>
    findLayer(core, ref, digest),
  );
  switch (call.request.method) {
    case 'GET':
    case 'HEAD': {
      const head = call.request.method === 'HEAD';
      const action = head ? 'ecr:BatchCheckLayerAvailability' : 'ecr:GetDownloadUrlForLayer';
      await requireAccess(call, name, ref, repository, 'pull', [action]);
      if (!layer && (await serveLayerThroughCache(call, ref, repository, digest))) return;
      const held = requireRepository(repository, ref);
      if (!layer) throw new RegistryError('blobUnknown');
      if (head && !(await keepLayer(call.core, held, digest, layer))) throw new RegistryError('blobUnknown');
      if (!head && (await redirectToBytes(call, digest, layer))) return;
      const sealed = held.settings.kmsKey !== undefined || layer.stored !== digest;
      return sendBlob(call, keptIfSmall(call, ref, sentLayer(call.core, held, digest, layer), sealed));
    }
    case 'DELETE':
      await requireAccess(call, name, ref, repository, 'delete', grantDelete);
      await unlinkLayer(call.core, requireRepository(repository, ref), digest);
      return sendEmpty(call, 202);
    default:
      throw new RegistryError('unsupported');
  }
}

const grantDelete = ['ecr:BatchDeleteImage'];

const grantSchema = z.strictObject({
  /** By id, so that the URL dies with the repository. */
  repository: z.string(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && parseDigest(value) !== undefined),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
});

/** What a download URL holds, sealed. */
export type DownloadGrant = z.infer<typeof grantSchema>;

export const downloadPurpose = 'layer-download';

/** The URL path of GetDownloadUrlForLayer: no credentials but the sealed grant. */
export async function handleDownload(call: OciRequest, item: string): Promise<void> {
  if (call.request.method !== 'GET' && call.request.method !== 'HEAD') throw new RegistryError('unsupported');
  const { data: grant } = grantSchema.safeParse(await call.core.sealer.open(downloadPurpose, item));
  if (!grant || grant.expiresAt <= call.context.now) {
    throw new RegistryError('denied', 'The download URL is not valid (any more). Ask for a new one.');
  }
  const { digest } = grant;
  const { repository, layer } = await findLayerOf(call.core, grant.repository, digest);
  if (!repository || !layer) throw new RegistryError('blobUnknown');
  return sendBlob(call, sentLayer(call.core, repository, digest, layer));
}
