// ECR writes upload ids as UUIDs; inside they are 32 hexadecimal digits.
import type { CallContext } from '@longshore/aws';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import type { RepositoryRef } from '../names.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { findUpload, type Upload } from '../uploads.ts';

export function toUploadUuid(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The caller's ECR upload in this repository. Throws repositoryUnknown or uploadUnknown. */
export async function requireUpload(
  core: Core,
  call: CallContext,
  ref: RepositoryRef,
  uploadId: string | undefined,
): Promise<{ readonly repository: Repository; readonly upload: Upload }> {
  const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  const id = uuid.test(uploadId ?? '') ? (uploadId ?? '').replaceAll('-', '').toLowerCase() : '';
  const { repository, upload } = await findUpload(core, ref, id, call.principal.account, 'ecr');
  const held = requireRepository(repository, ref);
  if (!upload) throw new RegistryError('uploadUnknown');
  return { repository: held, upload };
}
