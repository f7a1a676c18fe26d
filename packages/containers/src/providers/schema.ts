// The tables of capacity providers.
import type { Migration } from '@longshore/store';

export const providersMigration: Migration = {
  id: 'containers/009-capacity-providers',
  statements: [
    `CREATE TABLE ecs_capacity_providers (
        arn KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL, version BIGINT NOT NULL,
        created_at BIGINT NOT NULL, document TEXT NOT NULL)`,
    'CREATE INDEX ecs_capacity_providers_account ON ecs_capacity_providers (account, arn)',
    // Machines that managed scaling asked for. The token makes the asking repeatable; machine_id is '' until it is answered.
    `CREATE TABLE ecs_machines (
        token KEY PRIMARY KEY, provider_arn KEY NOT NULL, cluster_arn KEY NOT NULL, machine_id KEY NOT NULL,
        state KEY NOT NULL, asked_at BIGINT NOT NULL)`,
    'CREATE INDEX ecs_machines_provider ON ecs_machines (provider_arn, cluster_arn)',
    "CREATE INDEX ecs_tasks_waiting ON ecs_tasks (created_at) WHERE last_status = 'PROVISIONING'",
  ],
};
