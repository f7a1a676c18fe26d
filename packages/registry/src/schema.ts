// The registry's tables. Everything is found by an index: a repository by account and name, the rest by repository.
// Manifests live here (small, read often, changed with their tags in one transaction); layers live in the blob store.
import type { Migration } from '@longshore/store';

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
    // status: none → condemned → deleting, by compare and set on version (see README, "Collection").
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

/** To be applied before `createRegistry`'s parts are used. */
export const registryMigrations: readonly Migration[] = Object.freeze([core]);
