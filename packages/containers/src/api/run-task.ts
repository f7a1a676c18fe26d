// RunTask: places up to ten tasks of a definition. What finds no room is a failure with the reason, not an error.
import { RunTask$, type RunTaskRequest, type RunTaskResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Update, View } from '@longshore/store';
import { definitionAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { type DefinitionRecord, requireDefinition } from '../definitions.ts';
import { ecsErrors, invalidParameter, unsupported } from '../errors.ts';
import { type LaunchPlan, planLaunch } from '../launch.ts';
import { authorizeLaunch } from '../launch-access.ts';
import { launchTags, readCommon } from '../launch-input.ts';
import { requireRoles } from '../role-access.ts';
import { readLaunchType } from '../launch-type.ts';
import { lastPart } from '../names.ts';
import { launchStrategy } from '../providers/cluster.ts';
import { readRules } from '../placement/rules.ts';
import { type CleanTag, findTags, readTags } from '../tags.ts';
import { findTasksByArn, type TaskRecord } from '../tasks.ts';
import { shapeTask } from '../task-shape.ts';
import { findTokenResult, keepTokenSteps, parametersDigest, readToken } from '../tokens.ts';

/** How long a clientToken is remembered (ECS: 24 hours). */
const tokenMs = 24 * 3600_000;

interface Outcome extends Pick<LaunchPlan, 'tasks' | 'failures'> {
  /** Left out where an earlier call with the token launched them. */
  readonly launched?: { readonly definition: DefinitionRecord; readonly tags: readonly CleanTag[] };
}

export function runTask(core: Core) {
  return operation<RunTaskRequest, RunTaskResponse>({
    name: 'RunTask',
    schema: RunTask$,
    effect: 'write',
    access: (input, call) => definitionAccess(input.taskDefinition, input.cluster, call),
    async handle(input, call) {
      const place = placeOf(call);
      const count = input.count ?? 1;
      if (!Number.isInteger(count) || count < 1 || count > 10)
        throw invalidParameter('Count must be between 1 and 10.');
      const launchType = readLaunchType(input.launchType);
      if (input.platformVersion !== undefined) throw unsupported('platformVersion', 'It belongs to FARGATE.');
      if (input.propagateTags === 'SERVICE') throw invalidParameter('propagateTags SERVICE is for services.');
      const rules = readRules(input.placementConstraints, input.placementStrategy);
      const tags = readTags(input.tags);
      await authorizeLaunch(core, call, 'RunTask', input, tags);
      const token = readToken(input.clientToken, 64);
      const { clientToken: _, ...parameters } = input;
      const digest = parametersDigest(parameters);

      const plan = async (view: View): Promise<Update<Outcome>> => {
        const cluster = await requireCluster(view, place, input.cluster);
        const scope = `RunTask/${cluster.arn}/${token ?? ''}`;
        const before = token === undefined ? undefined : await findTokenResult(view, scope, digest, call.now);
        if (before !== undefined)
          return { steps: [], result: { tasks: await findTasksByArn(view, before), failures: [] } };
        const definition = await requireDefinition(view, place, input.taskDefinition);
        const common = readCommon(input, definition);
        const managed = input.enableECSManagedTags ? { 'aws:ecs:clusterName': lastPart(cluster.arn) } : undefined;
        const given = await launchTags(view, definition, { tags, propagate: input.propagateTags, managed });
        const order = {
          ...common,
          account: place.account,
          clusterArn: cluster.arn,
          definition,
          count,
          launchType,
          serviceArn: '',
          rules,
          strategy: launchStrategy(cluster, input.launchType, input.capacityProviderStrategy),
          tags: given,
        };
        await requireRoles(core, order);
        const launch = await planLaunch(core, view, order, call.now);
        if (launch.considered === 0) throw ecsErrors.noInstances();
        const arns = launch.tasks.map((task) => task.arn);
        const keep =
          token === undefined || arns.length === 0
            ? []
            : keepTokenSteps(scope, digest, arns, call.now, call.now + tokenMs);
        return { steps: [...launch.steps, ...keep], result: { ...launch, launched: { definition, tags: given } } };
      };

      const { tasks, failures, launched } = await core.store.update(plan);
      if (launched !== undefined) noteLaunch(core, launched.definition, tasks, failures.length);
      const tagsOf = await tagsNow(core.store, tasks, launched?.tags);
      return {
        tasks: tasks.map((task) => shapeTask(task, tagsOf(task.arn))),
        failures: failures.map((each) => ({ ...each })),
      };
    },
  });
}

/** Those that were just given, in key order; else those that the tasks have. */
async function tagsNow(view: View, tasks: readonly TaskRecord[], given: readonly CleanTag[] | undefined) {
  if (given !== undefined) {
    const sorted = given.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return () => sorted;
  }
  const found = await findTags(
    view,
    tasks.map((task) => task.arn),
  );
  return (arn: string) => found.get(arn);
}

/** Counts what was launched and hands it to the agents' sessions. */
export function noteLaunch(
  core: Core,
  definition: DefinitionRecord,
  tasks: readonly TaskRecord[],
  failures: number,
): void {
  core.counters.tasksStarted.add(tasks.length);
  if (failures > 0) core.counters.placementFailures.add();
  for (const [instance, placed] of Map.groupBy(tasks, (task) => task.instanceArn))
    if (instance === '') core.wakeCapacity();
    else
      core.wakeInstance(
        instance,
        placed.map((task) => ({ task, definition })),
      );
}
