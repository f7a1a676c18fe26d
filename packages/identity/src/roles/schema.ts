// The tables of roles: the role, its inline policies, and the temporary keys of those who have it for a while.
import type { Migration } from '@longshore/store';

export const rolesMigration: Migration = {
  id: 'identity/003-roles',
  statements: [
    `CREATE TABLE iam_roles (
      id KEY PRIMARY KEY,
      account KEY NOT NULL REFERENCES iam_accounts (id),
      name TEXT NOT NULL,
      name_key KEY NOT NULL,
      path KEY NOT NULL,
      trust TEXT NOT NULL,
      description TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      version BIGINT NOT NULL,
      UNIQUE (account, name_key)
    )`,
    `CREATE TABLE iam_role_policies (
      role_id KEY NOT NULL REFERENCES iam_roles (id),
      name KEY NOT NULL,
      document TEXT NOT NULL,
      PRIMARY KEY (role_id, name)
    )`,
    // sealed: the secret and the session token, bound to the key's id.
    `CREATE TABLE iam_sessions (
      id KEY PRIMARY KEY,
      role_id KEY NOT NULL,
      session_name KEY NOT NULL,
      sealed BYTES NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
    'CREATE INDEX iam_sessions_expiry ON iam_sessions (expires_at)',
    'CREATE INDEX iam_sessions_role ON iam_sessions (role_id)',
  ],
};
