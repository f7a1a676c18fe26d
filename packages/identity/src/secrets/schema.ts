// The tables of secrets. A secret's own row carries its labels and a version that every change raises; the values are
// rows of their own, sealed, two at most: AWSCURRENT and AWSPREVIOUS.
import type { Migration } from '@longshore/store';

export const secretsMigration: Migration = {
  id: 'identity/002-secrets',
  statements: [
    // suffix: the six characters at the end of the ARN, so that a secret made again under a name is another one.
    `CREATE TABLE secrets (
      id KEY PRIMARY KEY,
      account KEY NOT NULL REFERENCES iam_accounts (id),
      name KEY NOT NULL,
      suffix TEXT NOT NULL,
      description TEXT,
      tags TEXT NOT NULL,
      current_version KEY,
      previous_version KEY,
      created_at BIGINT NOT NULL,
      changed_at BIGINT NOT NULL,
      deleted_at BIGINT,
      purge_at BIGINT,
      version BIGINT NOT NULL,
      UNIQUE (account, name)
    )`,
    'CREATE INDEX secrets_purge ON secrets (purge_at)',
    `CREATE TABLE secret_values (
      secret KEY NOT NULL REFERENCES secrets (id),
      id KEY NOT NULL,
      kind KEY NOT NULL,
      sealed BYTES NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (secret, id)
    )`,
  ],
};
