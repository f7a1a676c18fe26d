// Telling the errors of the file system apart, and the removal that does not mind a missing file.
import { unlink } from 'node:fs/promises';
import { StorageFullError } from './errors.ts';

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function isExisting(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

/** A full disk or quota as `StorageFullError`, anything else as it is. */
export function storageError(error: unknown): unknown {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? new StorageFullError({ cause: error }) : error;
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
