// Tables of the pull-through cache: the rules of each account, and which tags came from an upstream and when that was
// last looked at. A tag that somebody pushed has no row, or one with another digest: it is never revalidated.
import type { Migration } from '@longshore/store';

export const pullThroughMigration: Migration = {
  id: 'registry/004-pull-through',
  statements: [
    `CREATE TABLE registry_pull_through_rules (
       account KEY NOT NULL,
       prefix KEY NOT NULL,
       upstream_url TEXT NOT NULL,
       upstream_registry TEXT,
       upstream_prefix TEXT NOT NULL,
       credential_arn TEXT,
       created_at BIGINT NOT NULL,
       updated_at BIGINT NOT NULL,
       version BIGINT NOT NULL,
       PRIMARY KEY (account, prefix)
     )`,
    `CREATE TABLE registry_pull_through_tags (
       repository KEY NOT NULL REFERENCES registry_repositories (id) ON DELETE CASCADE,
       tag KEY NOT NULL,
       digest KEY NOT NULL,
       checked_at BIGINT NOT NULL,
       PRIMARY KEY (repository, tag)
     )`,
  ],
};
