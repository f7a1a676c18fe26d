// Tables of the container service. A task's columns are what queries need; the rest is its document. Partial indexes keep
// the hot sets small: what is not yet delivered, what the service keeper has not yet settled, what still holds resources.
import type { Migration } from '@longshore/store';
import { execMigration } from './exec/rows.ts';
import { providersMigration } from './providers/schema.ts';

export const containersMigrations: readonly Migration[] = [
  {
    id: 'containers/001-core',
    statements: [
      `CREATE TABLE ecs_clusters (
        arn KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL, status KEY NOT NULL,
        document TEXT NOT NULL, created_at BIGINT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (account, name))`,

      `CREATE TABLE ecs_instances (
        arn KEY PRIMARY KEY, account KEY NOT NULL, cluster_arn KEY NOT NULL, status KEY NOT NULL,
        connected BIGINT NOT NULL, connection_id KEY NOT NULL, replica KEY NOT NULL,
        timeline BIGINT NOT NULL, version BIGINT NOT NULL, registered_at BIGINT NOT NULL,
        cpu_registered BIGINT NOT NULL, cpu_remaining BIGINT NOT NULL,
        memory_registered BIGINT NOT NULL, memory_remaining BIGINT NOT NULL,
        attributes TEXT NOT NULL, document TEXT NOT NULL)`,
      'CREATE INDEX ecs_instances_cluster ON ecs_instances (cluster_arn, status, arn)',
      'CREATE INDEX ecs_instances_replica ON ecs_instances (replica) WHERE connected = 1',

      // Host ports in use; task_arn is '' for those that the instance reserved at registration.
      `CREATE TABLE ecs_ports (
        instance_arn KEY NOT NULL, protocol KEY NOT NULL, port BIGINT NOT NULL, task_arn KEY NOT NULL,
        PRIMARY KEY (instance_arn, protocol, port))`,
      "CREATE INDEX ecs_ports_task ON ecs_ports (task_arn) WHERE task_arn <> ''",

      `CREATE TABLE ecs_task_definitions (
        arn KEY PRIMARY KEY, account KEY NOT NULL, family KEY NOT NULL, revision BIGINT NOT NULL,
        status KEY NOT NULL, document TEXT NOT NULL, registered_at BIGINT NOT NULL, registered_by KEY NOT NULL,
        deregistered_at BIGINT,
        UNIQUE (account, family, revision))`,
      'CREATE INDEX ecs_task_definitions_list ON ecs_task_definitions (account, status, family, revision)',

      `CREATE TABLE ecs_tasks (
        arn KEY PRIMARY KEY, account KEY NOT NULL, cluster_arn KEY NOT NULL, instance_arn KEY NOT NULL,
        definition_arn KEY NOT NULL, family KEY NOT NULL, launch_type KEY NOT NULL, started_by KEY NOT NULL,
        task_group KEY NOT NULL, service_arn KEY NOT NULL,
        desired_status KEY NOT NULL, last_status KEY NOT NULL, health_status KEY NOT NULL, stop_code KEY NOT NULL,
        acked_desired KEY NOT NULL, offered BIGINT NOT NULL, undelivered BIGINT NOT NULL, settled BIGINT NOT NULL,
        cpu BIGINT NOT NULL, memory BIGINT NOT NULL, version BIGINT NOT NULL,
        created_at BIGINT NOT NULL, started_at BIGINT, stopped_at BIGINT, document TEXT NOT NULL)`,
      'CREATE INDEX ecs_tasks_cluster ON ecs_tasks (cluster_arn, desired_status, arn)',
      'CREATE INDEX ecs_tasks_family ON ecs_tasks (cluster_arn, family, desired_status, arn)',
      "CREATE INDEX ecs_tasks_started_by ON ecs_tasks (cluster_arn, started_by, desired_status, arn) WHERE started_by <> ''",
      "CREATE INDEX ecs_tasks_service ON ecs_tasks (service_arn, desired_status, arn) WHERE service_arn <> ''",
      'CREATE INDEX ecs_tasks_instance ON ecs_tasks (instance_arn, desired_status, arn)',
      "CREATE INDEX ecs_tasks_live ON ecs_tasks (cluster_arn, last_status) WHERE last_status <> 'STOPPED'",
      'CREATE INDEX ecs_tasks_undelivered ON ecs_tasks (instance_arn) WHERE undelivered = 1',
      'CREATE INDEX ecs_tasks_unsettled ON ecs_tasks (service_arn) WHERE settled = 0',
      "CREATE INDEX ecs_tasks_stopped ON ecs_tasks (stopped_at) WHERE last_status = 'STOPPED'",

      `CREATE TABLE ecs_services (
        arn KEY PRIMARY KEY, account KEY NOT NULL, cluster_arn KEY NOT NULL, name KEY NOT NULL, status KEY NOT NULL,
        launch_type KEY NOT NULL, definition_arn KEY NOT NULL, desired_count BIGINT NOT NULL,
        version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, document TEXT NOT NULL,
        events TEXT NOT NULL)`,
      'CREATE INDEX ecs_services_cluster ON ecs_services (cluster_arn, status, arn)',
      "CREATE INDEX ecs_services_kept ON ecs_services (arn) WHERE status <> 'INACTIVE'",

      `CREATE TABLE ecs_tokens (
        scope KEY PRIMARY KEY, fingerprint KEY NOT NULL, result TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
      'CREATE INDEX ecs_tokens_expiry ON ecs_tokens (expires_at)',

      `CREATE TABLE ecs_tags (
        resource_arn KEY NOT NULL, tag_key KEY NOT NULL, tag_value TEXT NOT NULL,
        PRIMARY KEY (resource_arn, tag_key))`,
    ],
  },
  {
    id: 'containers/002-account-settings',
    statements: [
      // The account's defaults are those of its root.
      `CREATE TABLE ecs_account_settings (
        account KEY NOT NULL, principal KEY NOT NULL, name KEY NOT NULL, value KEY NOT NULL,
        PRIMARY KEY (account, principal, name))`,
    ],
  },
  {
    id: 'containers/003-targets',
    statements: [
      'ALTER TABLE ecs_tasks ADD COLUMN attached BIGINT NOT NULL DEFAULT 0',
      "ALTER TABLE ecs_tasks ADD COLUMN target_health KEY NOT NULL DEFAULT ''",
      'CREATE INDEX ecs_tasks_attached ON ecs_tasks (arn) WHERE attached = 1',
    ],
  },
  {
    id: 'containers/004-lost',
    statements: [
      // While an agent is away: from when its instance counts as lost, and since when it does. NULL while it is connected.
      'ALTER TABLE ecs_instances ADD COLUMN lost_due BIGINT',
      'ALTER TABLE ecs_instances ADD COLUMN lost_at BIGINT',
      // What the agent says of the machine's health, as JSON.
      "ALTER TABLE ecs_instances ADD COLUMN health TEXT NOT NULL DEFAULT ''",
      'CREATE INDEX ecs_instances_lost ON ecs_instances (lost_due) WHERE lost_due IS NOT NULL',
      'CREATE TABLE ecs_replicas (replica KEY PRIMARY KEY, seen_at BIGINT NOT NULL)',
    ],
  },
  {
    // Which groups an instance's tasks are of, without reading the tasks.
    id: 'containers/005-placed-groups',
    statements: [
      "CREATE INDEX ecs_tasks_placed ON ecs_tasks (instance_arn, task_group) WHERE last_status <> 'STOPPED'",
    ],
  },
  {
    id: 'containers/006-deployments',
    statements: [
      'ALTER TABLE ecs_tasks ADD COLUMN protected_until BIGINT NOT NULL DEFAULT 0',
      'ALTER TABLE ecs_services ADD COLUMN daemon BIGINT NOT NULL DEFAULT 0',

      `CREATE TABLE ecs_service_deployments (
        arn KEY PRIMARY KEY, service_arn KEY NOT NULL, cluster_arn KEY NOT NULL, status KEY NOT NULL,
        created_at BIGINT NOT NULL, document TEXT NOT NULL)`,
      'CREATE INDEX ecs_service_deployments_service ON ecs_service_deployments (service_arn, created_at, arn)',

      `CREATE TABLE ecs_service_revisions (
        arn KEY PRIMARY KEY, service_arn KEY NOT NULL, cluster_arn KEY NOT NULL,
        created_at BIGINT NOT NULL, document TEXT NOT NULL)`,
      'CREATE INDEX ecs_service_revisions_service ON ecs_service_revisions (service_arn, created_at)',
    ],
  },
  {
    id: 'containers/007-task-sets',
    statements: [
      `CREATE TABLE ecs_task_sets (
        arn KEY PRIMARY KEY, account KEY NOT NULL, cluster_arn KEY NOT NULL, service_arn KEY NOT NULL,
        status KEY NOT NULL, version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
        document TEXT NOT NULL)`,
      'CREATE INDEX ecs_task_sets_service ON ecs_task_sets (service_arn, created_at)',
    ],
  },
  {
    id: 'containers/008-task-interfaces',
    statements: [
      // Each instance's part of the tasks' network, and the addresses of it that tasks have.
      'CREATE TABLE ecs_subnets (number BIGINT PRIMARY KEY, instance_arn KEY NOT NULL UNIQUE)',
      `CREATE TABLE ecs_addresses (
        instance_arn KEY NOT NULL, host BIGINT NOT NULL, task_arn KEY NOT NULL, PRIMARY KEY (instance_arn, host))`,
      'CREATE INDEX ecs_addresses_task ON ecs_addresses (task_arn)',
    ],
  },
  providersMigration,
  {
    id: 'containers/010-counted-groups',
    statements: [
      // How many tasks of each group are on an instance, kept by the writes that reserve and return: a launch need not
      // count the tasks that are there.
      `CREATE TABLE ecs_placed (
        instance_arn KEY NOT NULL, task_group KEY NOT NULL, tasks BIGINT NOT NULL,
        PRIMARY KEY (instance_arn, task_group))`,
      `INSERT INTO ecs_placed (instance_arn, task_group, tasks)
        SELECT instance_arn, task_group, COUNT(*) FROM ecs_tasks
        WHERE last_status <> 'STOPPED' AND instance_arn <> '' GROUP BY instance_arn, task_group`,
      // In the order in which an instance's tasks are delivered.
      'CREATE INDEX ecs_tasks_to_deliver ON ecs_tasks (instance_arn, arn) WHERE undelivered = 1',
      'DROP INDEX ecs_tasks_undelivered',
    ],
  },
  execMigration,
];
