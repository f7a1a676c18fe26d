// The tables of identity. Every row that hangs on a user is guarded by the user's `version`, so that limits and
// deletions hold under races; secrets are stored only sealed.
import type { Migration } from '@longshore/store';
import { rolesMigration } from './roles/schema.ts';
import { secretsMigration } from './secrets/schema.ts';

export const identityMigrations: readonly Migration[] = [
  {
    id: 'identity/001-core',
    statements: [
      `CREATE TABLE iam_accounts (
        id KEY PRIMARY KEY,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        version BIGINT NOT NULL
      )`,
      // One row for each thing that exists once in an installation, e.g. `first-account`.
      `CREATE TABLE iam_settings (
        name KEY PRIMARY KEY,
        value TEXT NOT NULL
      )`,
      `CREATE TABLE iam_secrets (
        name KEY PRIMARY KEY,
        sealed BYTES NOT NULL,
        created_at BIGINT NOT NULL
      )`,
      // name_key is the name in lower case: IAM does not tell user names apart by case.
      `CREATE TABLE iam_users (
        id KEY PRIMARY KEY,
        account KEY NOT NULL REFERENCES iam_accounts (id),
        name TEXT NOT NULL,
        name_key KEY NOT NULL,
        path KEY NOT NULL,
        created_at BIGINT NOT NULL,
        version BIGINT NOT NULL,
        UNIQUE (account, name_key)
      )`,
      // owner is a user's id, or the account's id for root.
      `CREATE TABLE iam_access_keys (
        id KEY PRIMARY KEY,
        account KEY NOT NULL REFERENCES iam_accounts (id),
        owner KEY NOT NULL,
        sealed BYTES NOT NULL,
        active BIGINT NOT NULL,
        created_at BIGINT NOT NULL
      )`,
      `CREATE INDEX iam_access_keys_owner ON iam_access_keys (owner, id)`,
      `CREATE TABLE iam_user_policies (
        user_id KEY NOT NULL REFERENCES iam_users (id),
        name KEY NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (user_id, name)
      )`,
      `CREATE TABLE iam_signatures (
        signature KEY PRIMARY KEY,
        expires_at BIGINT NOT NULL
      )`,
      `CREATE INDEX iam_signatures_expiry ON iam_signatures (expires_at)`,
    ],
  },
  secretsMigration,
  rolesMigration,
];
