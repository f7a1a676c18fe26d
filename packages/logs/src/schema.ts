// Tables of the logs. Events are kept as they came: a segment is one PutLogEvents call, compressed, never changed; its row
// says which times it covers, so that a reader opens only what it needs.
// Its fingerprint makes a repeated call change nothing.
import type { Migration } from '@longshore/store';

export const logsMigrations: readonly Migration[] = [
  {
    id: 'logs/001-core',
    statements: [
      `CREATE TABLE log_groups (
        id KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL, retention_days BIGINT, tags TEXT NOT NULL,
        created_at BIGINT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (account, name))`,
      `CREATE TABLE log_streams (
        id KEY PRIMARY KEY, group_id KEY NOT NULL, name KEY NOT NULL, next_segment BIGINT NOT NULL,
        first_event_at BIGINT, last_event_at BIGINT, last_ingestion_at BIGINT, stored_bytes BIGINT NOT NULL,
        created_at BIGINT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (group_id, name))`,
      `CREATE TABLE log_segments (
        stream_id KEY NOT NULL, number BIGINT NOT NULL, group_id KEY NOT NULL,
        fingerprint KEY NOT NULL, min_time BIGINT NOT NULL, max_time BIGINT NOT NULL, ingested_at BIGINT NOT NULL,
        raw_bytes BIGINT NOT NULL, events BYTES NOT NULL,
        PRIMARY KEY (stream_id, number), UNIQUE (stream_id, fingerprint))`,
      'CREATE INDEX log_segments_group ON log_segments (group_id, min_time, stream_id, number)',
      'CREATE INDEX log_segments_age ON log_segments (group_id, max_time)',
    ],
  },
];
