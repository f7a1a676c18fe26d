// A task's record: made when the task arrives, and changed only through these functions.
import type { AcsTask } from '@longshore/aws';
import { newHexId } from '@longshore/base';
import { hasOwnNetwork, pauseName } from './own-network.ts';
import { engineName } from './names.ts';
import type { ContainerProgress, TaskRecord, VolumeProgress } from './types.ts';

/** Which volumes the Engine has to hold for the task. A host path is mounted as it is and is not among them. */
function volumesOf(task: AcsTask): Record<string, VolumeProgress> {
  const volumes: Record<string, VolumeProgress> = {};
  for (const volume of task.volumes) {
    if (volume.type === 'host' && volume.host?.sourcePath) continue;
    const shared = volume.dockerVolumeConfiguration?.scope === 'shared';
    const made = shared && volume.dockerVolumeConfiguration?.autoprovision !== true;
    const dockerName = shared ? volume.name : engineName(task, volume.name);
    volumes[volume.name] = { dockerName, taskScoped: !shared, made };
  }
  return volumes;
}

/** The keys of the task's roles are not kept: the control plane gives them again. */
export function newRecord(given: AcsTask): TaskRecord {
  const { roleCredentials, executionRoleCredentials, ...task } = given;
  return {
    format: 1,
    task,
    ...(roleCredentials && { credentialsId: roleCredentials.credentialsId }),
    ...(executionRoleCredentials && { executionRole: executionRoleCredentials.roleArn }),
    desired: task.desiredStatus,
    containers: {
      ...Object.fromEntries(
        task.containers.map((container) => [
          container.name,
          { dockerName: engineName(task, container.name), endpointId: newHexId() },
        ]),
      ),
      ...(hasOwnNetwork(task) ? { [pauseName]: { dockerName: engineName(task, pauseName) } } : {}),
    },
    volumes: volumesOf(task),
    reports: [],
  };
}

/** The progress of a container that the task has. */
export function progressOf(record: TaskRecord, name: string): ContainerProgress {
  const progress = record.containers[name];
  if (!progress) throw new Error(`the task has no container ${name}`);
  return progress;
}

export function withContainer(record: TaskRecord, name: string, change: Partial<ContainerProgress>): TaskRecord {
  return { ...record, containers: { ...record.containers, [name]: { ...progressOf(record, name), ...change } } };
}

export function withVolume(record: TaskRecord, name: string, change: Partial<VolumeProgress>): TaskRecord {
  const volume = record.volumes[name];
  if (!volume) throw new Error(`the task has no volume ${name}`);
  return { ...record, volumes: { ...record.volumes, [name]: { ...volume, ...change } } };
}

/** Notes how a container ended, once; a later word about it changes nothing. */
export function withEnd(
  record: TaskRecord,
  name: string,
  end: { readonly at: number; readonly exitCode?: number | undefined; readonly reason?: string | undefined },
): TaskRecord {
  return progressOf(record, name).ended ? record : withContainer(record, name, { ended: end });
}
