// The events of ECS that a round of the keeper gives rise to, for EventBridge's kind of listeners.
import type { Step } from '@longshore/store';
import { deploymentEvent, serviceEvent } from '../events.ts';
import type { ServiceRecord } from '../services/rows.ts';
import type { Started } from './start.ts';
import type { ServicePlan } from './types.ts';

/** "ECS Deployment State Change" of the primary deployment, and of the one that failed. */
function deploymentSteps(service: ServiceRecord, plan: ServicePlan, now: number): Step[] {
  const steps: Step[] = [];
  const [primary] = plan.deployments;
  if (plan.failed !== undefined) steps.push(deploymentEvent(service, now, 'SERVICE_DEPLOYMENT_FAILED', plan.failed));
  if (plan.news.includes('rolling back') && primary !== undefined)
    steps.push(deploymentEvent(service, now, 'SERVICE_DEPLOYMENT_IN_PROGRESS', primary));
  if ((plan.news.includes('completed') || plan.news.includes('rolled back')) && primary !== undefined)
    steps.push(deploymentEvent(service, now, 'SERVICE_DEPLOYMENT_COMPLETED', primary));
  return steps;
}

export function eventSteps(service: ServiceRecord, plan: ServicePlan, started: Started, now: number): Step[] {
  const steps = deploymentSteps(service, plan, now);
  if (plan.news.includes('steady')) steps.push(serviceEvent(service, now, 'SERVICE_STEADY_STATE', 'INFO'));
  if (plan.news.includes('struggling')) steps.push(serviceEvent(service, now, 'SERVICE_TASK_START_IMPAIRED', 'WARN'));
  if (started.tasks.length < started.asked)
    steps.push(
      serviceEvent(service, now, 'SERVICE_TASK_PLACEMENT_FAILURE', 'ERROR', {
        reason: started.failures[0]?.reason ?? 'RESOURCE',
        containerInstanceArns: started.failures.slice(0, 10).map((each) => each.arn),
      }),
    );
  return steps;
}
