// The store's own tables.
import type { Migration } from './types.ts';

export const storeMigrations: readonly Migration[] = [
  {
    id: 'store/001-outbox-and-leases',
    statements: [
      `CREATE TABLE outbox (
        id IDENTITY,
        source KEY NOT NULL,
        detail_type KEY NOT NULL,
        account KEY NOT NULL,
        region KEY NOT NULL,
        time BIGINT NOT NULL,
        resources TEXT NOT NULL,
        detail TEXT NOT NULL)`,
      `CREATE TABLE store_leases (
        name KEY PRIMARY KEY,
        holder KEY NOT NULL,
        expires BIGINT NOT NULL,
        term BIGINT NOT NULL)`,
    ],
  },
];
