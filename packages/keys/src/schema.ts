// The tables of keys. What a key is made of is stored only sealed under the server's master key; every change of a key is
// guarded by its `version`.
import type { Migration } from '@longshore/store';

export const keysMigrations: readonly Migration[] = Object.freeze([
  {
    id: 'keys/001-core',
    statements: [
      `CREATE TABLE kms_keys (
        id KEY PRIMARY KEY,
        account KEY NOT NULL,
        description TEXT NOT NULL,
        enabled BIGINT NOT NULL,
        deletion_at BIGINT,
        deletion_days BIGINT,
        rotation_days BIGINT,
        next_rotation BIGINT,
        policy TEXT NOT NULL,
        tags TEXT NOT NULL,
        material BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        version BIGINT NOT NULL
      )`,
      'CREATE INDEX kms_keys_account ON kms_keys (account, id)',
      'CREATE INDEX kms_keys_deletion ON kms_keys (deletion_at)',
      'CREATE INDEX kms_keys_rotation ON kms_keys (next_rotation)',
      // Old material stays, to open what it sealed. kind: INITIAL, AUTOMATIC, ON_DEMAND.
      `CREATE TABLE kms_materials (
        key_id KEY NOT NULL REFERENCES kms_keys (id),
        material BIGINT NOT NULL,
        sealed BYTES NOT NULL,
        kind KEY NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (key_id, material)
      )`,
      `CREATE TABLE kms_aliases (
        account KEY NOT NULL,
        name KEY NOT NULL,
        key_id KEY NOT NULL REFERENCES kms_keys (id),
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (account, name)
      )`,
      'CREATE INDEX kms_aliases_key ON kms_aliases (key_id, name)',
    ],
  },
]);
