// The keys of tasks' roles: in memory only, renewed by the control plane, handed out by the id that the task was given.
import type { AcsRoleCredentials } from '@longshore/aws';
import type { Answer } from './answers.ts';

export interface RoleKeys {
  /** Takes a task's keys; newer ones of the same id take their place. */
  put(taskArn: string, keys: AcsRoleCredentials): void;
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
  return {
    put(taskArn, keys) {
      if (keys.credentialsId) kept.set(keys.credentialsId, { taskArn, keys });
    },
    drop(taskArn) {
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
