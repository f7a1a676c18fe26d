// BatchCheckLayerAvailability: which layers need not be uploaded.
import {
  BatchCheckLayerAvailability$,
  type BatchCheckLayerAvailabilityRequest,
  type BatchCheckLayerAvailabilityResponse,
  type Layer,
  type LayerFailure,
} from '@aws-sdk/client-ecr';
import { parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { findLayer, keepLayer } from '../layers.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';

export const batchCheckLayerAvailabilityOperation = (core: Core) =>
  repositoryOperation<BatchCheckLayerAvailabilityRequest, BatchCheckLayerAvailabilityResponse>(core, {
    name: 'BatchCheckLayerAvailability',
    schema: BatchCheckLayerAvailability$,
    effect: 'read',
    async handle(input, _call, ref) {
      const wanted = input.layerDigests ?? [];
      if (wanted.length < 1 || wanted.length > 100)
        throw invalid("Invalid parameter at 'layerDigests': 1 to 100 of them.");
      requireRepository(await findRepository(core.store, ref), ref);
      const layers: Layer[] = [];
      const failures: LayerFailure[] = [];
      for (const text of wanted) {
        const digest = parseDigest(text);
        if (!digest) {
          failures.push({
            layerDigest: text.slice(0, 1_000),
            failureCode: text === '' ? 'MissingLayerDigest' : 'InvalidLayerDigest',
            failureReason: 'The layer digest must be a sha256 or sha512 digest.',
          });
          continue;
        }
        const { repository, layer } = await findLayer(core, ref, digest);
        const kept = repository && layer && (await keepLayer(core, repository, digest, layer));
        layers.push(
          kept
            ? { layerDigest: digest, layerAvailability: 'AVAILABLE', layerSize: layer.size }
            : { layerDigest: digest, layerAvailability: 'UNAVAILABLE' },
        );
      }
      return { layers, failures };
    },
  });
