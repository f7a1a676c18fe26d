// PutImage
import { PutImage$, type PutImageRequest, type PutImageResponse } from '@aws-sdk/client-ecr';
import { parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { putImage } from '../images.ts';
import { limits } from '../limits.ts';
import { bareMediaType } from '../manifest.ts';
import { parseTag } from '../names.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';

/** A manifest as a JSON text may grow to several times its size by escapes. */
const maxBodyBytes = limits.manifestBytes * 2 + 65_536;

export const putImageOperation = (core: Core) =>
  repositoryOperation<PutImageRequest, PutImageResponse>(core, {
    name: 'PutImage',
    schema: PutImage$,
    effect: 'write',
    maxBodyBytes,
    async handle(input, _call, ref) {
      const { imageManifest = '', imageTag, imageManifestMediaType, imageDigest } = input;
      const tag = imageTag === undefined ? undefined : parseTag(imageTag);
      if (imageTag !== undefined && !tag) throw invalid("Invalid parameter at 'imageTag'.");
      const digest = imageDigest === undefined ? undefined : parseDigest(imageDigest);
      if (imageDigest !== undefined && !digest) throw invalid("Invalid parameter at 'imageDigest'.");
      if (imageManifest === '') throw invalid("'imageManifest' is needed.");
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const pushed = await putImage(core, repository, {
        bytes: Buffer.from(imageManifest),
        mediaType: imageManifestMediaType === undefined ? undefined : bareMediaType(imageManifestMediaType),
        digest,
        tags: tag ? [tag] : [],
        refuseSame: true,
      });
      return {
        image: {
          registryId: ref.account,
          repositoryName: ref.name,
          imageId: { imageDigest: pushed.digest, ...(tag && { imageTag: tag }) },
          imageManifest,
          imageManifestMediaType: pushed.manifest.mediaType,
        },
      };
    },
  });
