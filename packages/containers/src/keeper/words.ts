// What a service says of itself, in ECS's words.
import type { LaunchFailure } from '../launch.ts';
import { lastPart } from '../names.ts';

function tasks(arns: readonly string[]): string {
  return arns.map((arn) => `(task ${lastPart(arn)})`).join(' ');
}

function subject(name: string): string {
  return `(service ${name})`;
}

export function startedMessage(name: string, arns: readonly string[]): string {
  return `${subject(name)} has started ${arns.length} tasks: ${tasks(arns)}.`;
}

export function stoppedMessage(name: string, arns: readonly string[]): string {
  return `${subject(name)} has stopped ${arns.length} running tasks: ${tasks(arns)}.`;
}

export function steadyMessage(name: string): string {
  return `${subject(name)} has reached a steady state.`;
}

export function completedMessage(name: string, deploymentId: string): string {
  return `${subject(name)} (deployment ${deploymentId}) deployment completed.`;
}

export function strugglingMessage(name: string): string {
  return `${subject(name)} is unable to consistently start tasks successfully.`;
}

const lacks: Readonly<Record<string, string>> = {
  'RESOURCE:CPU': 'has insufficient CPU units available',
  'RESOURCE:MEMORY': 'has insufficient memory available',
  'RESOURCE:PORTS': 'is already using a port required by your task',
  AGENT: "doesn't have the agent connected",
  ATTRIBUTE: 'is missing an attribute required by your task',
  INACTIVE: 'is not active',
};

export function unplacedMessage(name: string, failures: readonly LaunchFailure[]): string {
  const head = `${subject(name)} was unable to place a task because no container instance met all of its requirements.`;
  const [closest] = failures;
  if (closest === undefined) return `${head} Reason: No Container Instances were found in your cluster.`;
  const why = lacks[closest.reason] ?? closest.reason;
  return `${head} The closest matching (container-instance ${lastPart(closest.arn)}) ${why}.`;
}
