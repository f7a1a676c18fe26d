// UploadLayerPart: parts come in order, each beginning where the last one ended.
import { UploadLayerPart$, type UploadLayerPartRequest, type UploadLayerPartResponse } from '@aws-sdk/client-ecr';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { receive } from '../receive.ts';
import { type Upload, uploadOffset } from '../uploads.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { requireUpload, toUploadUuid } from './upload-ids.ts';

/** A part of 20 MiB in base64, and the JSON around it. */
const maxBodyBytes = Math.ceil(limits.partMaxBytes / 3) * 4 + 65_536;

function requirePart(input: UploadLayerPartRequest): { first: number; last: number; bytes: Uint8Array } {
  const { partFirstByte: first, partLastByte: last, layerPartBlob: bytes } = input;
  if (first === undefined || last === undefined || bytes === undefined) {
    throw invalid("'partFirstByte', 'partLastByte' and 'layerPartBlob' are needed.");
  }
  if (first < 0 || last < first) throw invalid("'partLastByte' must not be before 'partFirstByte'.");
  if (bytes.length > limits.partMaxBytes) throw invalid('A part may have 20 MiB at most.');
  if (bytes.length !== last - first + 1)
    throw invalid("The part is not as long as 'partFirstByte' and 'partLastByte' say.");
  return { first, last, bytes };
}

/**
 * Before the bytes: counts the part, and remembers whether one that is not the last was too small. A part that comes again,
 * as its bytes could not be stored, is the same part.
 */
async function countPart(core: Core, upload: Upload, first: number, length: number): Promise<void> {
  if (upload.parts >= limits.partsPerUpload) throw new RegistryError('partsExceeded');
  const short = length < limits.partMinBytes ? first + 1 : 0;
  const tooSmall = upload.partTooSmall || (upload.shortPartAt ?? first) < first ? 1 : 0;
  await core.store.write([
    {
      sql: sql`UPDATE registry_uploads SET parts = parts + 1, last_part_short = ${short}, part_too_small = ${tooSmall},
          expires_at = ${core.clock.now() + core.uploadTtlMs} WHERE id = ${upload.id} AND parts = ${upload.parts}`,
      expect: 1,
      otherwise: () => new RegistryError('uploadBusy'),
    },
  ]);
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

export const uploadLayerPartOperation = (core: Core) =>
  repositoryOperation<UploadLayerPartRequest, UploadLayerPartResponse>(core, {
    name: 'UploadLayerPart',
    schema: UploadLayerPart$,
    effect: 'idempotent',
    maxBodyBytes,
    async handle(input, call, ref) {
      const part = requirePart(input);
      const { repository, upload } = await requireUpload(core, call, ref, input.uploadId);
      const names = { registryId: ref.account, repositoryName: ref.name, uploadId: toUploadUuid(upload.id) };
      const offset = await uploadOffset(core, repository, upload);
      if (part.first !== offset) {
        throw new RegistryError('partInvalid', `The part must begin at byte ${offset}.`, {
          ...names,
          lastValidByteReceived: Math.max(0, offset - 1),
        });
      }
      await countPart(core, upload, offset, part.bytes.length);
      const received = await receive(core, repository, upload.id, one(part.bytes));
      return { ...names, lastByteReceived: received - 1 };
    },
  });
