// Puts the logs together: the API's operations and the retention loop.
import { type AwsService, awsService } from '@longshore/aws';
import type { Service } from '@longshore/base';
import { filterLogEvents } from './api/filter-log-events.ts';
import { getLogEvents } from './api/get-log-events.ts';
import {
  createLogGroup,
  deleteLogGroup,
  deleteRetentionPolicy,
  describeLogGroups,
  putRetentionPolicy,
} from './api/groups.ts';
import { putLogEvents } from './api/put-log-events.ts';
import { createLogStream, deleteLogStream, describeLogStreams } from './api/streams.ts';
import { listTagsForResource, tagResource, untagResource } from './api/tags.ts';
import type { LogsCore } from './core.ts';
import { logRetention } from './retention.ts';

export type LogsOptions = LogsCore;

export interface Logs {
  /** CloudWatch Logs. */
  readonly api: AwsService;
  /** Background work: removing what retention no longer keeps. */
  readonly services: readonly Service[];
}

/** The store must have been migrated with `logsMigrations`. */
export function createLogs(core: LogsOptions): Logs {
  const operations = [
    createLogGroup,
    deleteLogGroup,
    describeLogGroups,
    putRetentionPolicy,
    deleteRetentionPolicy,
    createLogStream,
    deleteLogStream,
    describeLogStreams,
    putLogEvents,
    getLogEvents,
    filterLogEvents,
    tagResource,
    untagResource,
    listTagsForResource,
  ];
  return {
    api: awsService({
      name: 'logs',
      protocol: 'json-1.1',
      targetPrefix: 'Logs_20140328',
      operations: operations.map((make) => make(core)),
    }),
    services: [logRetention(core)],
  };
}
