// What the settings say about how the agent of this machine runs tasks.
import type { AgentOptions } from '@longshore/agent';
import type { Settings } from './settings.ts';

type Running = Pick<AgentOptions, 'gpus' | 'imageMinAgeMs' | 'taskFiles' | 'taskFilesS3' | 'pullBehavior'>;

export function agentRunning(settings: Settings): Running {
  const { gpus, taskFiles, taskFilesS3, imagePull } = settings;
  return {
    imageMinAgeMs: settings.imageMinAge,
    gpus,
    ...(taskFiles !== undefined && { taskFiles }),
    ...(taskFilesS3 !== undefined && { taskFilesS3 }),
    pullBehavior: imagePull,
  };
}
