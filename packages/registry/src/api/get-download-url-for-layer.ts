// GetDownloadUrlForLayer: a URL on this server that is good for a while without any credentials.
import {
  GetDownloadUrlForLayer$,
  type GetDownloadUrlForLayerRequest,
  type GetDownloadUrlForLayerResponse,
} from '@aws-sdk/client-ecr';
import { parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { findLayer } from '../layers.ts';
import { limits } from '../limits.ts';
import { type DownloadGrant, downloadPurpose } from '../oci/blobs.ts';
import { apiAsker } from '../pull-through/begin.ts';
import { fetchLayerThroughCache } from '../pull-through/layers.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';

export const getDownloadUrlForLayerOperation = (core: Core) =>
  repositoryOperation<GetDownloadUrlForLayerRequest, GetDownloadUrlForLayerResponse>(core, {
    name: 'GetDownloadUrlForLayer',
    schema: GetDownloadUrlForLayer$,
    effect: 'read',
    async handle(input, call, ref) {
      const digest = parseDigest(input.layerDigest ?? '');
      if (!digest) throw invalid("Invalid parameter at 'layerDigest': a sha256 or sha512 digest.");
      let { repository, layer } = await findLayer(core, ref, digest);
      if (!layer && (await fetchLayerThroughCache(apiAsker(core, call), ref, repository, digest))) {
        ({ repository, layer } = await findLayer(core, ref, digest));
      }
      const held = requireRepository(repository, ref);
      if (!layer)
        throw new RegistryError('blobUnknown', `The layer with digest '${digest}' is not in this repository.`);
      // Told here, in the API's own words, rather than by the URL.
      await core.sealing.layer(held, digest, layer);
      const grant: DownloadGrant = { repository: held.id, digest, expiresAt: call.now + limits.downloadUrlMs };
      const sealed = await core.sealer.seal(downloadPurpose, grant);
      return { downloadUrl: `${call.baseUrl}/v2/_layers/${sealed}`, layerDigest: digest };
    },
  });
