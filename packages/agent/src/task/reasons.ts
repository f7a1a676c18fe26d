// The words for why a container did not run or ended, as ECS's own agent writes them: `NameOfError: what happened`.
import { errorText } from '@longshore/base';
import { EngineTimeout } from '../docker/errors.ts';
import { ResourceUnavailable } from '../secrets/types.ts';

/** Longest reasons that the control plane keeps (ECS: 1,024 for a task, 255 for a container). */
export const maxReason = { task: 1024, container: 255 } as const;

export const outOfMemory = 'OutOfMemoryError: Container killed due to memory usage';
export const vanished = 'ContainerVanishedError: No container matching saved ID found';
export const essentialExited = 'Essential container in task exited';

export function unrecognizedTask(problem: string): string {
  return `UnrecognizedTaskError: Error loading task - ${problem}`;
}

const operations = {
  pull: { name: 'CannotPullContainerError', transition: 'pulled' },
  create: { name: 'CannotCreateContainerError', transition: 'created' },
  start: { name: 'CannotStartContainerError', transition: 'started' },
  stop: { name: 'CannotStopContainerError', transition: 'stopped' },
  hold: { name: 'ResourceInitializationError', transition: 'created' },
  createVolume: { name: 'CannotCreateVolumeError', transition: 'creating volume' },
} as const;

/** The reason for a failed step: a timeout is a DockerTimeoutError whatever was being done. */
export function failedStep(step: keyof typeof operations, error: unknown): string {
  const { name, transition } = operations[step];
  if (error instanceof ResourceUnavailable) return `ResourceInitializationError: ${error.message}`;
  if (error instanceof EngineTimeout)
    return `DockerTimeoutError: Could not transition to ${transition}; timed out after waiting ${error.ms / 1000}s`;
  return `${name}: ${errorText(error)}`;
}
