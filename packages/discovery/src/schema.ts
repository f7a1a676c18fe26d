// Tables of service discovery. DNS names are unique in the whole installation: one DNS server answers for all accounts.
import type { Migration } from '@longshore/store';

export const discoveryMigrations: readonly Migration[] = Object.freeze([
  {
    id: 'discovery/001-core',
    statements: [
      `CREATE TABLE sd_namespaces (
        id KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL, kind KEY NOT NULL, dns_name KEY UNIQUE,
        description TEXT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (account, name))`,
      `CREATE TABLE sd_services (
        id KEY PRIMARY KEY, account KEY NOT NULL, namespace_id KEY NOT NULL REFERENCES sd_namespaces (id),
        name KEY NOT NULL, dns_name KEY UNIQUE, document TEXT NOT NULL, created_at BIGINT NOT NULL,
        UNIQUE (namespace_id, name))`,
      // owner: the ARN of the task that it is, '' for those that were registered by hand.
      `CREATE TABLE sd_instances (
        service_id KEY NOT NULL REFERENCES sd_services (id), instance_id KEY NOT NULL, owner KEY NOT NULL,
        healthy BIGINT NOT NULL, attributes TEXT NOT NULL, PRIMARY KEY (service_id, instance_id))`,
      "CREATE INDEX sd_instances_owner ON sd_instances (owner) WHERE owner <> ''",
      `CREATE TABLE sd_operations (
        id KEY PRIMARY KEY, account KEY NOT NULL, type KEY NOT NULL, targets TEXT NOT NULL, created_at BIGINT NOT NULL)`,
      'CREATE INDEX sd_operations_age ON sd_operations (created_at)',
      `CREATE TABLE sd_tags (
        resource_arn KEY NOT NULL, tag_key KEY NOT NULL, tag_value TEXT NOT NULL, PRIMARY KEY (resource_arn, tag_key))`,
    ],
  },
]);
