// The registry's tables. Everything is found by an index: a repository by account and name, the rest by repository.
// Manifests live here (small, read often, changed with their tags in one transaction); layers live in the blob store.
import type { Migration } from '@longshore/store';
import { ownBlobsMigration } from './own-blobs.ts';
import { pullThroughMigration } from './pull-through/schema.ts';
import { accountsMigration, imageCountsMigration } from './schema-accounts.ts';

const core: Migration = {
  id: 'registry/001-core',
  statements: [
    `CREATE TABLE registry_repositories (
       id KEY PRIMARY KEY,
       account KEY NOT NULL,
       name KEY NOT NULL,
       tag_mutability TEXT NOT NULL,
       settings TEXT NOT NULL,
       policy TEXT,
       tags TEXT NOT NULL,
       created_at BIGINT NOT NULL,
       version BIGINT NOT NULL,
       UNIQUE (account, name)
     )`,
    // status: none → condemned → deleting, by compare and set on version (design/collection.md).
    `CREATE TABLE registry_blobs (
       digest KEY PRIMARY KEY,
       size BIGINT NOT NULL,
       status KEY NOT NULL,
       version BIGINT NOT NULL,
       lease_until BIGINT NOT NULL,
       created_at BIGINT NOT NULL
     )`,
    `CREATE TABLE registry_repository_blobs (
       repository KEY NOT NULL REFERENCES registry_repositories (id),
       digest KEY NOT NULL REFERENCES registry_blobs (digest),
       size BIGINT NOT NULL,
       lease_until BIGINT NOT NULL,
       PRIMARY KEY (repository, digest)
     )`,
    'CREATE INDEX registry_repository_blobs_digest ON registry_repository_blobs (digest)',
    // `bytes` is last, so that reading the other columns never touches it.
    `CREATE TABLE registry_manifests (
       repository KEY NOT NULL REFERENCES registry_repositories (id),
       digest KEY NOT NULL,
       media_type TEXT NOT NULL,
       artifact_type KEY,
       subject KEY,
       size BIGINT NOT NULL,
       image_size BIGINT NOT NULL,
       pushed_at BIGINT NOT NULL,
       pulled_at BIGINT,
       annotations TEXT,
       bytes BYTES NOT NULL,
       PRIMARY KEY (repository, digest)
     )`,
    'CREATE INDEX registry_manifests_subject ON registry_manifests (repository, subject, digest)',
    `CREATE TABLE registry_manifest_refs (
       repository KEY NOT NULL,
       manifest KEY NOT NULL,
       position BIGINT NOT NULL,
       kind KEY NOT NULL,
       digest KEY NOT NULL,
       media_type TEXT NOT NULL,
       size BIGINT NOT NULL,
       PRIMARY KEY (repository, manifest, position),
       FOREIGN KEY (repository, manifest) REFERENCES registry_manifests (repository, digest)
     )`,
    'CREATE INDEX registry_manifest_refs_digest ON registry_manifest_refs (repository, digest)',
    `CREATE TABLE registry_tags (
       repository KEY NOT NULL,
       tag KEY NOT NULL,
       digest KEY NOT NULL,
       updated_at BIGINT NOT NULL,
       PRIMARY KEY (repository, tag),
       FOREIGN KEY (repository, digest) REFERENCES registry_manifests (repository, digest)
     )`,
    'CREATE INDEX registry_tags_digest ON registry_tags (repository, digest, tag)',
    `CREATE TABLE registry_uploads (
       id KEY PRIMARY KEY,
       repository KEY NOT NULL REFERENCES registry_repositories (id),
       account KEY NOT NULL,
       principal TEXT NOT NULL,
       protocol KEY NOT NULL,
       parts BIGINT NOT NULL,
       last_part_short BIGINT NOT NULL,
       part_too_small BIGINT NOT NULL,
       created_at BIGINT NOT NULL,
       expires_at BIGINT NOT NULL
     )`,
    'CREATE INDEX registry_uploads_account ON registry_uploads (account)',
    'CREATE INDEX registry_uploads_repository ON registry_uploads (repository)',
    'CREATE INDEX registry_uploads_expires ON registry_uploads (expires_at)',
    `CREATE TABLE registry_keys (
       id KEY PRIMARY KEY,
       value KEY NOT NULL
     )`,
  ],
};

/**
 * A link names its layer by the digest that clients know, and beside it the blob that holds the bytes: the same digest, or
 * (encrypted repositories) that of the sealed bytes. A blob is in use while a link's `stored` names it. The table is made
 * anew because SQLite cannot move a foreign key from one column to another.
 */
const storedBytes: Migration = {
  id: 'registry/002-stored-bytes',
  statements: [
    `CREATE TABLE registry_links (
       repository KEY NOT NULL REFERENCES registry_repositories (id),
       digest KEY NOT NULL,
       size BIGINT NOT NULL,
       lease_until BIGINT NOT NULL,
       stored KEY NOT NULL REFERENCES registry_blobs (digest),
       PRIMARY KEY (repository, digest)
     )`,
    `INSERT INTO registry_links (repository, digest, size, lease_until, stored)
       SELECT repository, digest, size, lease_until, digest FROM registry_repository_blobs`,
    'DROP TABLE registry_repository_blobs',
    'ALTER TABLE registry_links RENAME TO registry_repository_blobs',
    'CREATE INDEX registry_repository_blobs_stored ON registry_repository_blobs (stored)',
    // How a sealed blob is opened: `wrapped` is its data key, wrapped by `kms_key` with `context`.
    `CREATE TABLE registry_sealed_blobs (
       stored KEY PRIMARY KEY REFERENCES registry_blobs (digest) ON DELETE CASCADE,
       digest KEY NOT NULL,
       size BIGINT NOT NULL,
       kms_key KEY NOT NULL,
       context TEXT NOT NULL,
       wrapped BYTES NOT NULL,
       wrapped_at BIGINT NOT NULL
     )`,
    'CREATE INDEX registry_sealed_blobs_key ON registry_sealed_blobs (kms_key, digest)',
    'CREATE INDEX registry_sealed_blobs_wrapped ON registry_sealed_blobs (wrapped_at)',
    // The bytes of an upload that do not fill a chunk yet, sealed, and what a finish left half done (design/encryption.md).
    `CREATE TABLE registry_sealed_uploads (
       upload KEY PRIMARY KEY REFERENCES registry_uploads (id) ON DELETE CASCADE,
       kms_key KEY NOT NULL,
       context TEXT NOT NULL,
       wrapped BYTES NOT NULL,
       state TEXT NOT NULL,
       tail BYTES NOT NULL
     )`,
  ],
};

// check_at: when collection is to look at the row; null while there is nothing to look for (design/collection.md). The
// indexes are collection's queues: a round costs what is due, not what is stored.
const collection: Migration = {
  id: 'registry/003-collection',
  statements: [
    'ALTER TABLE registry_repository_blobs ADD COLUMN check_at BIGINT',
    'ALTER TABLE registry_blobs ADD COLUMN check_at BIGINT',
    'UPDATE registry_repository_blobs SET check_at = lease_until',
    'UPDATE registry_blobs SET check_at = lease_until',
    `CREATE INDEX registry_repository_blobs_check ON registry_repository_blobs (check_at, repository, digest)
       WHERE check_at IS NOT NULL`,
    'CREATE INDEX registry_blobs_check ON registry_blobs (check_at, digest) WHERE check_at IS NOT NULL',
    // How often a blob of this digest was removed: a push notices a removal between its bytes and its record.
    `CREATE TABLE registry_removed_blobs (
       digest KEY PRIMARY KEY,
       removals BIGINT NOT NULL,
       forget_at BIGINT NOT NULL
     )`,
    'CREATE INDEX registry_removed_blobs_forget ON registry_removed_blobs (forget_at)',
  ],
};

/** To be applied before `createRegistry`'s parts are used. */
export const registryMigrations: readonly Migration[] = Object.freeze([
  core,
  storedBytes,
  collection,
  pullThroughMigration,
  accountsMigration,
  imageCountsMigration,
  ownBlobsMigration,
]);
