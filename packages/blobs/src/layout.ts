// The layout of a directory blob store on disk, and the only place that makes paths in it:
//
//   blobs/<algorithm>/<first 2 hex>/<hex>    a blob; never changed once it is there
//   uploads/<upload>                         an upload that receives bytes
//   uploads/<upload>@<algorithm>-<hex>       a finished upload, hard-linked to its blob, waiting for `release`
//   store-id                                 the store's name
//
// The finished name says, after a crash, which blob may have no record in the registry; so nothing ever has to list the
// blob folders. It is made (rename) before the blob's own name (link), and journaling file systems keep that order.
// Folders have mode 0700, files 0600.
import { join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex, parseDigest } from '@longshore/base';

export const folderMode = 0o700;
export const fileMode = 0o600;

const uploadPattern = /^[0-9a-f]{32}$/;

export interface Layout {
  readonly blobs: string;
  readonly uploads: string;
  readonly storeId: string;
  /** One folder under `blobs` for each digest algorithm. */
  readonly algorithmFolders: readonly string[];
  /** The folder that holds the blob. */
  blobFolder(digest: Digest): string;
  blob(digest: Digest): string;
  upload(upload: string): string;
  finished(upload: string, digest: Digest): string;
}

/** What a name in `uploads/` stands for; `digest` is there once the upload is finished. */
export interface UploadName {
  readonly upload: string;
  readonly digest?: Digest;
}

/** Upload ids are 32 hexadecimal digits, and so are safe as file names. */
export function isUploadId(text: string): boolean {
  return uploadPattern.test(text);
}

/** The paths under `dir`. Each function throws a TypeError for an id or digest that is malformed, whatever its type says. */
export function layoutOf(dir: string): Layout {
  const blobs = join(dir, 'blobs');
  const uploads = join(dir, 'uploads');
  const blobFolder = (digest: Digest) => join(blobs, digestAlgorithm(digest), checkedHex(digest).slice(0, 2));
  const upload = (id: string) => join(uploads, checkedUpload(id));
  return Object.freeze({
    blobs,
    uploads,
    storeId: join(dir, 'store-id'),
    algorithmFolders: ['sha256', 'sha512'].map((algorithm) => join(blobs, algorithm)),
    blobFolder,
    blob: (digest: Digest) => join(blobFolder(digest), digestHex(digest)),
    upload,
    finished: (id: string, digest: Digest) => `${upload(id)}@${digestAlgorithm(digest)}-${checkedHex(digest)}`,
  });
}

/** Reads a name found in `uploads/`; undefined if this store did not make it. */
export function parseUploadName(name: string): UploadName | undefined {
  const at = name.indexOf('@');
  if (at < 0) return isUploadId(name) ? { upload: name } : undefined;
  const upload = name.slice(0, at);
  const digest = parseDigest(name.slice(at + 1).replace('-', ':'));
  return isUploadId(upload) && digest !== undefined ? { upload, digest } : undefined;
}

function checkedUpload(id: string): string {
  if (!isUploadId(id)) throw new TypeError('An upload id is 32 hexadecimal digits');
  return id;
}

function checkedHex(digest: Digest): string {
  if (parseDigest(digest) === undefined) throw new TypeError('Malformed digest');
  return digestHex(digest);
}
