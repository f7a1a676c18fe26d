// Opening the file of an upload that still receives bytes.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UploadNotFoundError } from './errors.ts';
import { isMissing } from './file-errors.ts';
import type { Layout } from './layout.ts';

export async function openUpload(layout: Layout, upload: string): Promise<FileHandle> {
  try {
    return await open(layout.upload(upload), constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    throw isMissing(error) ? new UploadNotFoundError(upload) : error;
  }
}
