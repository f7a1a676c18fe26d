// ExecuteCommand: a session in a running container, for a client that speaks the session-manager-plugin's data channel.
import { ExecuteCommand$, type ExecuteCommandRequest, type ExecuteCommandResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { findTask, type TaskRecord } from '../tasks.ts';

const longestCommand = 8192;

function containerOf(task: TaskRecord, name: string | undefined) {
  const { containers } = task.document;
  if (name === undefined && containers.length > 1)
    throw invalidParameter('The task has several containers. Name one of them.');
  const container = name === undefined ? containers[0] : containers.find((each) => each.name === name);
  if (container === undefined) throw invalidParameter(`The task has no container ${name}.`);
  return container;
}

export function executeCommand(core: Core) {
  return operation<ExecuteCommandRequest, ExecuteCommandResponse>({
    name: 'ExecuteCommand',
    schema: ExecuteCommand$,
    effect: 'write',
    access(input, call) {
      const access = memberAccess('task', input.cluster, [input.task], call);
      return { ...access, context: { ...access.context, 'ecs:container-name': input.container ?? '' } };
    },
    async handle(input, call) {
      const command = input.command ?? '';
      if (command.trim() === '' || command.length > longestCommand || command.includes('\0'))
        throw invalidParameter(`command must have 1 to ${longestCommand} characters.`);
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const task = await findTask(core.store, inClusterArn('task', cluster.arn, input.task ?? ''));
      if (task === undefined || task.clusterArn !== cluster.arn) throw ecsErrors.taskNotFound();
      if (!task.document.enableExecuteCommand) throw ecsErrors.execNotEnabled();
      const container = containerOf(task, input.container);
      if (task.lastStatus !== 'RUNNING' || container.lastStatus !== 'RUNNING') throw ecsErrors.targetNotConnected();
      const interactive = input.interactive ?? true;
      const opened = await core.exec.open({
        instanceArn: task.instanceArn,
        taskArn: task.arn,
        containerName: container.name,
        runtimeId: container.runtimeId ?? '',
        command,
        interactive,
        principalArn: call.principal.arn,
      });
      if (opened === undefined) throw ecsErrors.targetNotConnected();
      const { sessionId, token } = opened;
      const streamUrl = `${call.baseUrl.replace(/^http/, 'ws')}/exec/v1/data-channel/${sessionId}?role=publish_subscribe`;
      return {
        clusterArn: cluster.arn,
        containerArn: container.arn,
        containerName: container.name,
        interactive,
        session: { sessionId, streamUrl, tokenValue: token },
        taskArn: task.arn,
      };
    },
  });
}
