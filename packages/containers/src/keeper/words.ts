// What a service says of itself, in ECS's words.
import type { LaunchFailure } from '../launch.ts';
import { lastPart } from '../names.ts';
import type { ServiceRecord } from '../services/rows.ts';
import type { Started } from './start.ts';
import type { ServicePlan, Stop } from './types.ts';

function tasks(arns: readonly string[]): string {
  return arns.map((arn) => `(task ${lastPart(arn)})`).join(' ');
}

const lacks: Readonly<Record<string, string>> = {
  'RESOURCE:CPU': 'has insufficient CPU units available',
  'RESOURCE:MEMORY': 'has insufficient memory available',
  'RESOURCE:PORTS': 'is already using a port required by your task',
  'RESOURCE:ENI': 'has no address free for a network interface',
  AGENT: "doesn't have the agent connected",
  ATTRIBUTE: 'is missing an attribute required by your task',
  INACTIVE: 'is not active',
};

function unplaced(subject: string, failures: readonly LaunchFailure[]): string {
  const head = `${subject} was unable to place a task because no container instance met all of its requirements.`;
  const [closest] = failures;
  if (closest === undefined) return `${head} Reason: No Container Instances were found in your cluster.`;
  if (closest.arn === '') return `${subject} failed to launch a task with (error ${closest.reason}).`;
  const why = lacks[closest.reason] ?? closest.reason;
  return `${head} The closest matching (container-instance ${lastPart(closest.arn)}) ${why}.`;
}

const steadyEnd = 'has reached a steady state.';

/** Said each time; every other sentence is not repeated within an hour. */
export function isAlwaysSaid(message: string): boolean {
  return message.endsWith(steadyEnd);
}

/** In the order in which they came to be. */
export function messagesOf(service: ServiceRecord, plan: ServicePlan, started: Started, stops: readonly Stop[]) {
  const subject = `(service ${service.name})`;
  const messages: string[] = [];
  const [primary] = plan.deployments;
  const before = service.document.deployments[0]?.id ?? '';
  const news = new Set(plan.news);
  const failed = plan.failed?.rolloutStateReason.replace(/^.*?: /, '');
  if (news.has('failed'))
    messages.push(`${subject} (deployment ${before}) deployment failed: ${failed ?? 'tasks failed to start.'}`);
  if (news.has('rolling back')) messages.push(`${subject} rolling back to deployment ${primary?.id ?? ''}.`);
  if (stops.length > 0)
    messages.push(`${subject} has stopped ${stops.length} running tasks: ${tasks(stops.map((each) => each.arn))}.`);
  if (started.tasks.length > 0)
    messages.push(
      `${subject} has started ${started.tasks.length} tasks: ${tasks(started.tasks.map((each) => each.arn))}.`,
    );
  if (started.tasks.length < started.asked) messages.push(unplaced(subject, started.failures));
  if (news.has('struggling')) messages.push(`${subject} is unable to consistently start tasks successfully.`);
  if (news.has('blocked'))
    messages.push(
      `${subject} was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.`,
    );
  if (news.has('completed') || news.has('rolled back'))
    messages.push(`${subject} (deployment ${primary?.id ?? ''}) deployment completed.`);
  if (news.has('steady')) messages.push(`${subject} ${steadyEnd}`);
  return messages;
}
