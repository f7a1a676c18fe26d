// What the agent does with each message of the control socket (ACS). Nothing is acknowledged before it is on disk.
import type { AcsAgentMessages, AcsServerMessages, AcsTask, AcsTaskIdentifier } from '@longshore/aws';
import { errorText, type Logger } from '@longshore/base';
import type { RoleKeys } from '../endpoint/role-keys.ts';
import type { ExecSessions } from '../exec/sessions.ts';
import type { InstanceFile } from '../state/instance.ts';
import { unrecognizedTask } from '../task/reasons.ts';
import { checkRoleCredentials, checkTask } from '../task/validate.ts';
import type { Tasks } from '../tasks.ts';
import type { ControlApi } from './api.ts';
import type { Send } from './socket.ts';

export interface AcsParts {
  readonly tasks: Tasks;
  readonly instance: InstanceFile;
  readonly api: ControlApi;
  readonly exec: Pick<ExecSessions, 'begin'>;
  readonly keys: Pick<RoleKeys, 'put' | 'putExecution'>;
  readonly log: Logger;
}

type Sender = <Type extends keyof AcsAgentMessages>(type: Type, message: AcsAgentMessages[Type]) => void;
type Handlers = {
  readonly [Type in keyof AcsServerMessages]: (message: AcsServerMessages[Type], send: Sender) => Promise<void>;
};

/** The handler of one connection's frames. Frames of an unknown type are ignored, as the protocol grows. */
export function createAcsHandler(parts: AcsParts): (type: string, message: unknown, send: Send) => Promise<void> {
  const { tasks, instance, log } = parts;
  let manifestId = '';

  async function raiseSequence(sequence: unknown): Promise<void> {
    if (typeof sequence === 'number' && sequence > instance.current().lastSequence)
      await instance.update((now) => ({ lastSequence: Math.max(now.lastSequence, sequence) }));
  }

  function reject(value: unknown, cluster: string, problem: string): void {
    const arn = (value as { readonly arn?: unknown } | null)?.arn;
    log.error({ task: arn, problem }, 'a task cannot be understood');
    if (typeof arn !== 'string' || arn === '') return;
    parts.api.reject(arn, cluster, unrecognizedTask(problem)).catch((error: unknown) => {
      // It was not acknowledged, so it comes again.
      log.warn({ task: arn, problem: errorText(error) }, 'a refused task could not be reported');
    });
  }

  const handlers: Handlers = {
    async HeartbeatMessage({ messageId }, send) {
      send('HeartbeatAckRequest', { messageId });
    },

    async PayloadMessage(message, send) {
      const checked = message.tasks.map((value) => ({ value, result: checkTask(value) }));
      const valid: AcsTask[] = [];
      for (const { value, result } of checked) {
        if ('task' in result) valid.push(result.task);
        else reject(value, message.clusterArn, result.problem);
      }
      for (const { arn, roleCredentials, executionRoleCredentials } of valid) {
        if (roleCredentials) parts.keys.put(arn, roleCredentials);
        if (executionRoleCredentials) parts.keys.putExecution(arn, executionRoleCredentials);
      }
      // Stops first: they free what the starts of the same message were placed on.
      const stops = valid.filter((task) => task.desiredStatus === 'STOPPED');
      const starts = valid.filter((task) => task.desiredStatus === 'RUNNING');
      await Promise.all(stops.map((task) => tasks.accept(task)));
      await Promise.all(starts.map((task) => tasks.accept(task)));
      await raiseSequence(message.seqNum);
      if (valid.length < checked.length) return;
      send('AckRequest', {
        messageId: message.messageId,
        cluster: message.clusterArn,
        containerInstance: message.containerInstanceArn,
      });
    },

    async TaskManifestMessage(message, send) {
      if (message.timeline <= instance.current().lastSequence) {
        log.debug(
          { timeline: message.timeline, last: instance.current().lastSequence },
          'a stale task manifest is ignored',
        );
        return;
      }
      await raiseSequence(message.timeline);
      manifestId = message.messageId;
      const wanted = new Set(message.tasks.filter((one) => one.desiredStatus === 'RUNNING').map((one) => one.taskArn));
      const unwanted = tasks.running().filter((arn) => !wanted.has(arn));
      const stopCandidates = unwanted.map(
        (taskArn): AcsTaskIdentifier => ({ taskArn, taskClusterArn: message.clusterArn, desiredStatus: 'STOPPED' }),
      );
      send('AckRequest', {
        messageId: message.messageId,
        cluster: message.clusterArn,
        containerInstance: message.containerInstanceArn,
      });
      if (stopCandidates.length > 0)
        send('TaskStopVerificationMessage', { messageId: message.messageId, stopCandidates });
    },

    async TaskStopVerificationAck(message) {
      // Only the answer to the manifest that was compared last may stop anything, and once.
      if (message.messageId === '' || message.messageId !== manifestId) {
        log.warn({ messageId: message.messageId }, 'a stop verification that answers no manifest is ignored');
        return;
      }
      manifestId = '';
      for (const { taskArn } of message.stopTasks) {
        log.info({ task: taskArn }, 'stopping a task that the control plane does not want here');
        tasks.stopTask(taskArn).catch((error: unknown) => {
          // It shows up again in the comparison with the next manifest.
          log.warn({ task: taskArn, problem: errorText(error) }, 'an unwanted task could not be stopped');
        });
      }
    },

    async ExecuteCommandMessage(message) {
      parts.exec.begin(message);
    },

    async IAMRoleCredentialsMessage({ messageId, taskArn, roleType, roleCredentials }, send) {
      const keys = checkRoleCredentials(roleCredentials);
      if (keys === undefined) return log.warn({ task: taskArn }, 'keys of a role cannot be understood');
      if (roleType === 'TaskApplication') parts.keys.put(taskArn, keys);
      else parts.keys.putExecution(taskArn, keys);
      send('IAMRoleCredentialsAckRequest', {
        messageId,
        expiration: keys.expiration,
        credentialsId: keys.credentialsId,
      });
    },

    async CloseMessage({ message }) {
      throw new Error(`the control plane closes the socket: ${message}`);
    },

    async ErrorMessage({ message }) {
      throw new Error(`the control plane reports an error: ${message}`);
    },
  };

  return async (type, message, send) => {
    if (!Object.hasOwn(handlers, type)) return log.debug({ type }, 'a message of an unknown type is ignored');
    const handle = handlers[type as keyof Handlers] as (message: unknown, send: Sender) => Promise<void>;
    await handle(message, send as Sender);
  };
}
