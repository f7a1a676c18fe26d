// The tasks that a plan wants started, placed: as many as there is room for.
import type { Step, View } from '@longshore/store';
import type { Core } from '../core.ts';
import { findDefinitionByArn } from '../definitions.ts';
import { ecsErrors } from '../errors.ts';
import { type LaunchFailure, planLaunch } from '../launch.ts';
import { launchTags } from '../launch-input.ts';
import { lastPart } from '../names.ts';
import type { ServiceRecord } from '../services/rows.ts';
import { refusedRole } from '../role-access.ts';
import { findTags } from '../tags.ts';
import { taskTargets } from '../targets/input.ts';
import type { TaskRecord } from '../tasks.ts';
import type { ServicePlan } from './types.ts';
import { placementWishes } from './wishes.ts';

/** Tasks started in one round. */
const maxStarts = 50;

export interface Started {
  readonly tasks: readonly TaskRecord[];
  readonly failures: readonly LaunchFailure[];
  readonly steps: readonly Step[];
  readonly asked: number;
}

const nothing: Started = { tasks: [], failures: [], steps: [], asked: 0 };

export async function startTasks(
  core: Core,
  view: View,
  service: ServiceRecord,
  plan: ServicePlan,
  now: number,
): Promise<Started> {
  const deployment = plan.deployments.find((each) => each.id === plan.startOf) ?? plan.deployments[0];
  const named = plan.startOn.slice(0, maxStarts);
  const count = named.length > 0 ? named.length : Math.min(plan.start, maxStarts);
  if (count === 0 || deployment === undefined) return nothing;
  const definition = await findDefinitionByArn(view, deployment.definitionArn);
  if (definition === undefined) return nothing;
  const { document } = service;
  const own =
    document.propagateTags === 'SERVICE' ? ((await findTags(view, [service.arn])).get(service.arn) ?? []) : [];
  const managed = { 'aws:ecs:clusterName': lastPart(service.clusterArn), 'aws:ecs:serviceName': service.name };
  const overrides = { containerOverrides: [], inferenceAcceleratorOverrides: [] };
  const role = await refusedRole(core, { account: service.account, definition, overrides });
  if (role !== undefined)
    return { ...nothing, asked: count, failures: [{ arn: '', reason: ecsErrors.roleNotTaken(role).message }] };
  const launch = await planLaunch(
    core,
    view,
    {
      account: service.account,
      clusterArn: service.clusterArn,
      definition,
      count,
      ...(named.length > 0 && { instances: named }),
      launchType: service.launchType,
      // A daemon's instances are named; its tasks go wherever they are to run.
      ...(named.length === 0 && document.capacityProviderStrategy && { strategy: document.capacityProviderStrategy }),
      group: `service:${service.name}`,
      startedBy: deployment.id,
      serviceArn: service.arn,
      networkConfiguration: document.networkConfiguration,
      enableExecuteCommand: document.enableExecuteCommand,
      targets: taskTargets(deployment.attachments ?? document, definition),
      overrides,
      rules: placementWishes(document),
      tags: await launchTags(view, definition, {
        tags: own,
        propagate: document.propagateTags,
        managed: document.enableECSManagedTags ? managed : undefined,
      }),
    },
    now,
  );
  return { ...launch, asked: count };
}
