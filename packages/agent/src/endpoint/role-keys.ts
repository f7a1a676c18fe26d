// The keys of tasks' roles: in memory only, renewed by the control plane. Those of the role of a task's containers are handed
// out by the id that the task was given; those of its execution role are for the agent alone.
import type { AcsRoleCredentials } from '@longshore/aws';
import { EngineUnreachable } from '../docker/errors.ts';
import type { TaskRecord } from '../task/types.ts';
import type { Answer } from './answers.ts';

export interface RoleKeys {
  /** Takes a task's keys; newer ones of the same id take their place. */
  put(taskArn: string, keys: AcsRoleCredentials): void;
  /** Takes the keys of a task's execution role. */
  putExecution(taskArn: string, keys: AcsRoleCredentials): void;
  /**
   * What the agent fetches the task's things with; undefined for a task without an execution role. Throws
   * `EngineUnreachable` while the keys have not come: an agent that was started anew is given them when it is connected.
   */
  execution(record: TaskRecord): AcsRoleCredentials | undefined;
  /** The task is over. */
  drop(taskArn: string): void;
  /** What is answered to a request for the keys of `id`, as Amazon's agent answers it. */
  answer(id: string): Answer;
}

interface Kept {
  readonly taskArn: string;
  readonly keys: AcsRoleCredentials;
}

function problem(code: string, message: string): Answer {
  return { status: 400, body: { code, message: `CredentialsV2Request: ${message}`, HTTPErrorCode: 400 } };
}

export function createRoleKeys(): RoleKeys {
  const kept = new Map<string, Kept>();
  /** By task. */
  const execution = new Map<string, AcsRoleCredentials>();
  return {
    putExecution: (taskArn, keys) => void execution.set(taskArn, keys),
    execution(record) {
      if (record.executionRole === undefined) return undefined;
      const keys = execution.get(record.task.arn);
      if (!keys) throw new EngineUnreachable(`the keys of ${record.executionRole} have not come yet`);
      return keys;
    },
    put(taskArn, keys) {
      if (keys.credentialsId) kept.set(keys.credentialsId, { taskArn, keys });
    },
    drop(taskArn) {
      execution.delete(taskArn);
      for (const [id, one] of kept) if (one.taskArn === taskArn) kept.delete(id);
    },
    answer(id) {
      if (id === '') return problem('NoIdInRequest', 'No Credential ID in the request');
      const one = kept.get(id);
      if (!one) return problem('InvalidIdInRequest', 'Credentials not found');
      const { roleArn, accessKeyId, secretAccessKey, sessionToken, expiration } = one.keys;
      return {
        status: 200,
        body: {
          RoleArn: roleArn,
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          Token: sessionToken,
          Expiration: expiration,
        },
      };
    },
  };
}
