// PutImageTagMutability
import {
  PutImageTagMutability$,
  type PutImageTagMutabilityRequest,
  type PutImageTagMutabilityResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { changeRepository } from '../repositories.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { mutabilityShape, readMutability } from './shapes.ts';

export const putImageTagMutabilityOperation = (core: Core) =>
  repositoryOperation<PutImageTagMutabilityRequest, PutImageTagMutabilityResponse>(core, {
    name: 'PutImageTagMutability',
    schema: PutImageTagMutability$,
    effect: 'write',
    async handle(input, _call, ref) {
      if (input.imageTagMutability === undefined) throw invalid("'imageTagMutability' is needed.");
      const { tagMutability, exclusions } = readMutability(input);
      const changed = await changeRepository(core, ref, ({ settings }) => {
        const { exclusions: _, ...rest } = settings;
        return { tagMutability, settings: { ...rest, ...(exclusions && { exclusions }) } };
      });
      return { registryId: ref.account, repositoryName: ref.name, ...mutabilityShape(changed) };
    },
  });
