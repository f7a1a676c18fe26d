// Volumes of a task definition: host folders, the Engine's own volumes, and anonymous ones that live with the task.
import type { Volume } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import { isName } from '../names.ts';
import { checkTexts } from './limits.ts';

/** Checks and completes volumes. Throws ClientException. */
export function normalVolumes(volumes: readonly Volume[] | undefined): Volume[] {
  const given = volumes ?? [];
  if (given.length > 100) throw clientError('A task definition can have at most 100 volumes.');
  const seen = new Set<string>();
  return given.map((volume) => {
    const name = volume.name ?? '';
    if (!isName(name)) throw clientError('Volume names must be up to 255 letters, numbers, underscores and hyphens.');
    if (seen.has(name)) throw clientError(`The volume '${name}' is there twice.`);
    seen.add(name);
    if (
      volume.efsVolumeConfiguration ||
      volume.fsxWindowsFileServerVolumeConfiguration ||
      volume.s3filesVolumeConfiguration
    )
      throw clientError(
        `Volume '${name}': EFS, FSx and S3 Files volumes are not available in Longshore. Use host or docker volumes.`,
      );
    if (volume.configuredAtLaunch)
      throw clientError(`Volume '${name}': 'configuredAtLaunch' is not available in Longshore. Leave it out.`);
    if (volume.host?.sourcePath !== undefined && volume.dockerVolumeConfiguration !== undefined)
      throw clientError(`Volume '${name}' must have either 'host' or 'dockerVolumeConfiguration', not both.`);
    const path = volume.host?.sourcePath;
    if (path !== undefined && path !== '' && (!path.startsWith('/') || path.length > 4096 || path.includes('\0')))
      throw clientError(`Volume '${name}': host.sourcePath must be an absolute path.`);
    const docker = volume.dockerVolumeConfiguration;
    if (docker === undefined) return { ...volume, host: path ? { sourcePath: path } : {} };
    const scope = docker.scope ?? 'task';
    if (scope !== 'task' && scope !== 'shared')
      throw clientError(`Volume '${name}': dockerVolumeConfiguration.scope must be task or shared.`);
    if (scope === 'task' && docker.autoprovision !== undefined)
      throw clientError(`Volume '${name}': 'autoprovision' is for volumes of scope shared.`);
    checkTexts(`volume ${name}`, 'driverOpts', Object.entries(docker.driverOpts ?? {}).flat(), 4096);
    checkTexts(`volume ${name}`, 'labels', Object.entries(docker.labels ?? {}).flat(), 4096);
    if (docker.driver !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_./:-]{0,254}$/.test(docker.driver))
      throw clientError(`Volume '${name}': dockerVolumeConfiguration.driver must be the name of a volume driver.`);
    return {
      name,
      dockerVolumeConfiguration: {
        ...docker,
        scope,
        driver: docker.driver ?? 'local',
        ...(scope === 'shared' && { autoprovision: docker.autoprovision ?? false }),
      },
    };
  });
}
