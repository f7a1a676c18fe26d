// The layout of an S3 blob store, and the only place that makes keys in it:
//
//   blobs/<algorithm>/<first 2 hex>/<hex>              a blob; its bytes never change once it is there
//   store-id                                           the store's name
//   uploads/<upload>                                   what is known of an upload: its parts, and the bytes that fill none
//   staging/<owner>/<upload>                           its multipart upload, and the object that this becomes
//   finished/<owner>/<upload>@<algorithm>-<hex>        a finished upload whose blob may have no record, waiting for `release`
//
// Owner is the process (by the name that it keeps over restarts) that began the upload: several may share one bucket, and
// none may take for a crash's leavings what another is working on.
import { type Digest, digestAlgorithm, digestHex, parseDigest } from '@longshore/base';
import { isUploadId, parseUploadName } from '../layout.ts';

export interface Keys {
  readonly all: string;
  readonly uploads: string;
  readonly staged: string;
  readonly finishes: string;
  readonly storeId: string;
  blob(digest: Digest): string;
  upload(upload: string): string;
  staging(owner: string, upload: string): string;
  finished(owner: string, upload: string, digest: Digest): string;
  /** What all finished names of an upload begin with. */
  finishesOf(owner: string, upload: string): string;
  parseUpload(key: string): string | undefined;
  parseStaging(key: string): { readonly owner: string; readonly upload: string } | undefined;
  parseFinished(key: string): { readonly owner: string; readonly upload: string; readonly digest: Digest } | undefined;
}

const ownerPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** The keys under `prefix` (empty, or ending with a slash). A malformed id or digest is a TypeError, whatever its type says. */
export function keysOf(prefix: string): Keys {
  const uploads = `${prefix}uploads/`;
  const staged = `${prefix}staging/`;
  const finishes = `${prefix}finished/`;
  const finishesOf = (owner: string, upload: string) => `${finishes}${checkedOwner(owner)}/${checkedUpload(upload)}@`;
  return Object.freeze({
    all: prefix,
    uploads,
    staged,
    finishes,
    storeId: `${prefix}store-id`,
    blob: (digest: Digest) =>
      `${prefix}blobs/${digestAlgorithm(digest)}/${checkedHex(digest).slice(0, 2)}/${digestHex(digest)}`,
    upload: (upload: string) => `${uploads}${checkedUpload(upload)}`,
    staging: (owner: string, upload: string) => `${staged}${checkedOwner(owner)}/${checkedUpload(upload)}`,
    finished: (owner: string, upload: string, digest: Digest) =>
      `${finishesOf(owner, upload)}${digestAlgorithm(digest)}-${checkedHex(digest)}`,
    finishesOf,
    parseUpload(key: string) {
      const upload = key.startsWith(uploads) ? key.slice(uploads.length) : '';
      return isUploadId(upload) ? upload : undefined;
    },
    parseStaging(key: string) {
      const [owner = '', upload = '', ...rest] = key.startsWith(staged) ? key.slice(staged.length).split('/') : [];
      return ownerPattern.test(owner) && isUploadId(upload) && rest.length === 0 ? { owner, upload } : undefined;
    },
    parseFinished(key: string) {
      const [owner = '', text = '', ...rest] = key.startsWith(finishes) ? key.slice(finishes.length).split('/') : [];
      const name = rest.length === 0 && ownerPattern.test(owner) ? parseUploadName(text) : undefined;
      return name?.digest === undefined ? undefined : { owner, upload: name.upload, digest: name.digest };
    },
  });
}

function checkedOwner(owner: string): string {
  if (!ownerPattern.test(owner)) throw new TypeError('An owner is 1 to 64 letters, digits, _ and -');
  return owner;
}

function checkedUpload(id: string): string {
  if (!isUploadId(id)) throw new TypeError('An upload id is 32 hexadecimal digits');
  return id;
}

function checkedHex(digest: Digest): string {
  if (parseDigest(digest) === undefined) throw new TypeError('Malformed digest');
  return digestHex(digest);
}
