// Tables of load balancers. A document holds what no query asks for. `elb_uses` keeps a target group from being deleted
// while something forwards to it.
import type { Migration } from '@longshore/store';

export const balancingMigrations: readonly Migration[] = Object.freeze([
  {
    id: 'balancing/001-core',
    statements: [
      `CREATE TABLE elb_load_balancers (
        arn KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL, address KEY NOT NULL,
        document TEXT NOT NULL, created_at BIGINT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (account, name))`,
      `CREATE TABLE elb_target_groups (
        arn KEY PRIMARY KEY, account KEY NOT NULL, name KEY NOT NULL,
        document TEXT NOT NULL, created_at BIGINT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (account, name))`,
      `CREATE TABLE elb_listeners (
        arn KEY PRIMARY KEY, account KEY NOT NULL,
        load_balancer_arn KEY NOT NULL REFERENCES elb_load_balancers (arn),
        address KEY NOT NULL, port BIGINT NOT NULL, document TEXT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (address, port))`,
      'CREATE INDEX elb_listeners_load_balancer ON elb_listeners (load_balancer_arn, port)',
      `CREATE TABLE elb_rules (
        arn KEY PRIMARY KEY, account KEY NOT NULL, listener_arn KEY NOT NULL REFERENCES elb_listeners (arn),
        priority BIGINT NOT NULL, document TEXT NOT NULL, version BIGINT NOT NULL,
        UNIQUE (listener_arn, priority))`,
      `CREATE TABLE elb_uses (
        target_group_arn KEY NOT NULL REFERENCES elb_target_groups (arn),
        user_arn KEY NOT NULL, load_balancer_arn KEY NOT NULL,
        PRIMARY KEY (target_group_arn, user_arn))`,
      'CREATE INDEX elb_uses_user ON elb_uses (user_arn)',
      // owner: the ARN of the task whose target it is, '' for those that were registered by hand.
      `CREATE TABLE elb_targets (
        target_group_arn KEY NOT NULL REFERENCES elb_target_groups (arn),
        target_id KEY NOT NULL, port BIGINT NOT NULL, name KEY NOT NULL, owner KEY NOT NULL, address KEY NOT NULL,
        state KEY NOT NULL, reason KEY NOT NULL, registered_at BIGINT NOT NULL, deregistered_at BIGINT,
        PRIMARY KEY (target_group_arn, target_id, port))`,
      "CREATE INDEX elb_targets_owner ON elb_targets (owner) WHERE owner <> ''",
      `CREATE TABLE elb_tags (
        resource_arn KEY NOT NULL, tag_key KEY NOT NULL, tag_value TEXT NOT NULL,
        PRIMARY KEY (resource_arn, tag_key))`,
    ],
  },
]);
