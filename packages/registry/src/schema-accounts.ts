// What a registry (an account's, in ECR's words) has beyond its repositories: its policy, its settings, its creation
// templates, its lifecycle policies, and counts that quotas are held by.
import type { Migration } from '@longshore/store';

export const accountsMigration: Migration = {
  id: 'registry/005-accounts',
  statements: [
    // `repositories` and `images` are counted in the transactions that make and delete them, so that a quota costs no scan.
    `CREATE TABLE registry_accounts (
       account KEY PRIMARY KEY,
       policy TEXT,
       settings TEXT NOT NULL,
       repositories BIGINT NOT NULL,
       version BIGINT NOT NULL
     )`,
    `INSERT INTO registry_accounts (account, policy, settings, repositories, version)
       SELECT account, NULL, '{}', COUNT(*), 1 FROM registry_repositories GROUP BY account`,
    'ALTER TABLE registry_repositories ADD COLUMN images BIGINT NOT NULL DEFAULT 0',
    `UPDATE registry_repositories SET images =
       (SELECT COUNT(*) FROM registry_manifests WHERE registry_manifests.repository = registry_repositories.id)`,
    // `prefix` without its last slash; the template for all other repositories is ROOT.
    `CREATE TABLE registry_templates (
       account KEY NOT NULL,
       prefix KEY NOT NULL,
       body TEXT NOT NULL,
       created_at BIGINT NOT NULL,
       updated_at BIGINT NOT NULL,
       PRIMARY KEY (account, prefix)
     )`,
    `CREATE TABLE registry_lifecycle_policies (
       repository KEY PRIMARY KEY REFERENCES registry_repositories (id) ON DELETE CASCADE,
       policy TEXT NOT NULL,
       evaluated_at BIGINT,
       next_at BIGINT NOT NULL,
       version BIGINT NOT NULL
     )`,
    'CREATE INDEX registry_lifecycle_policies_next ON registry_lifecycle_policies (next_at)',
    `CREATE TABLE registry_lifecycle_previews (
       repository KEY PRIMARY KEY REFERENCES registry_repositories (id) ON DELETE CASCADE,
       policy TEXT NOT NULL,
       made_at BIGINT NOT NULL,
       expiring BIGINT NOT NULL
     )`,
    'CREATE INDEX registry_lifecycle_previews_made ON registry_lifecycle_previews (made_at)',
    `CREATE TABLE registry_lifecycle_preview_images (
       repository KEY NOT NULL REFERENCES registry_lifecycle_previews (repository) ON DELETE CASCADE,
       digest KEY NOT NULL,
       tags TEXT NOT NULL,
       pushed_at BIGINT NOT NULL,
       priority BIGINT NOT NULL,
       PRIMARY KEY (repository, digest)
     )`,
  ],
};

/** The count of a repository's images gets a row of its own: what is known of the repository holds while images come and go. */
export const imageCountsMigration: Migration = {
  id: 'registry/006-image-counts',
  statements: [
    `CREATE TABLE registry_image_counts (
       repository KEY PRIMARY KEY REFERENCES registry_repositories (id),
       images BIGINT NOT NULL
     )`,
    'INSERT INTO registry_image_counts (repository, images) SELECT id, images FROM registry_repositories',
    'ALTER TABLE registry_repositories DROP COLUMN images',
  ],
};
