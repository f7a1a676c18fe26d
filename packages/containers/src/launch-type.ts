// Launch types: Longshore's capacity is container instances, which ECS calls EC2 or EXTERNAL.
import { invalidParameter } from './errors.ts';

/** EC2 where left out. Throws InvalidParameterException. */
export function readLaunchType(launchType: string | undefined): 'EC2' | 'EXTERNAL' {
  if (launchType === undefined || launchType === 'EC2' || launchType === 'EXTERNAL') return launchType ?? 'EC2';
  throw invalidParameter(
    `Longshore runs tasks on container instances: launchType ${launchType.slice(0, 40)} is not available. Use EC2 or EXTERNAL.`,
  );
}
