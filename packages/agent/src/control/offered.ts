// Capabilities that an agent has because its operator set it up so, as the attribute names that placement looks for.
import type { AgentOptions } from '../types.ts';

export function offeredBy(options: AgentOptions): readonly string[] {
  return [
    ...(options.taskFiles === undefined ? [] : ['longshore.capability.task-files']),
    ...(options.taskFilesS3 === undefined ? [] : ['ecs.capability.env-files.s3']),
  ];
}

/** What an agent has whose task endpoint gives out keys. */
export const roleCapabilities: readonly string[] = Object.freeze([
  'com.amazonaws.ecs.capability.task-iam-role',
  'com.amazonaws.ecs.capability.task-iam-role-network-host',
]);
