// Deployment strategies that shift traffic between two revisions — BLUE_GREEN, LINEAR, CANARY — as a service asks for them:
// checked, completed, and shown. ROLLING has none of this.
import type { DeploymentConfiguration, DeploymentLifecycleHook, LoadBalancer } from '@aws-sdk/client-ecs';
import { invalidParameter, unsupported } from '../errors.ts';
import { type HookStage, isHookStage } from './stages.ts';

/** A stage at which the deployment waits for ContinueServiceDeployment. */
export interface PauseHook {
  readonly stages: readonly HookStage[];
  readonly timeoutMinutes: number;
  readonly timeoutAction: 'CONTINUE' | 'ROLLBACK';
}

export interface ShiftingStrategy {
  readonly type: 'BLUE_GREEN' | 'LINEAR' | 'CANARY';
  readonly bakeMinutes: number;
  readonly hooks: readonly PauseHook[];
  /** LINEAR: percent a step; CANARY: percent of the first. */
  readonly percent?: number | undefined;
  /** Between the steps. */
  readonly stepMinutes?: number | undefined;
}

function minutes(what: string, value: number | undefined, usual: number, least = 0, most = 1440): number {
  if (value === undefined) return usual;
  if (!Number.isInteger(value) || value < least || value > most)
    throw invalidParameter(`${what} must be between ${least} and ${most} minutes.`);
  return value;
}

function percent(what: string, value: number | undefined, usual: number, least: number): number {
  const given = value ?? usual;
  if (!(given >= least && given <= 100) || Math.abs(given * 10 - Math.round(given * 10)) > 1e-6)
    throw invalidParameter(`${what} must be a multiple of 0.1 between ${least} and 100.`);
  return Math.round(given * 10) / 10;
}

function readHook(hook: DeploymentLifecycleHook): PauseHook {
  if (hook.targetType !== 'PAUSE')
    throw unsupported('A lifecycle hook that calls a Lambda function', 'Use the target type PAUSE.');
  const stages = hook.lifecycleStages ?? [];
  if (stages.length === 0 || !stages.every(isHookStage))
    throw invalidParameter('A lifecycle hook must have lifecycleStages, each one at which hooks are run.');
  if (hook.hookTargetArn !== undefined) throw invalidParameter('A PAUSE hook has no hookTargetArn.');
  const { timeoutInMinutes, action = 'ROLLBACK' } = hook.timeoutConfiguration ?? {};
  if (action !== 'CONTINUE' && action !== 'ROLLBACK')
    throw invalidParameter('The timeout action of a hook must be CONTINUE or ROLLBACK.');
  return {
    stages,
    timeoutMinutes: minutes('timeoutInMinutes', timeoutInMinutes, 1440, 1, 20_160),
    timeoutAction: action,
  };
}

/** Undefined for ROLLING. Throws InvalidParameterException or UnsupportedFeatureException. */
export function readShifting(
  given: DeploymentConfiguration | undefined,
  current: ShiftingStrategy | undefined,
): ShiftingStrategy | undefined {
  const type = given?.strategy ?? current?.type ?? 'ROLLING';
  const before = current?.type === type ? current : undefined;
  if (type === 'ROLLING') {
    if ((given?.lifecycleHooks?.length ?? 0) > 0 || given?.linearConfiguration || given?.canaryConfiguration)
      throw invalidParameter(
        'lifecycleHooks and traffic configurations are for other deployment strategies than ROLLING.',
      );
    if ((given?.bakeTimeInMinutes ?? 0) > 0)
      throw invalidParameter('bakeTimeInMinutes is for other deployment strategies than ROLLING.');
    return undefined;
  }
  if (type !== 'BLUE_GREEN' && type !== 'LINEAR' && type !== 'CANARY')
    throw invalidParameter('The deployment strategy must be ROLLING, BLUE_GREEN, LINEAR or CANARY.');
  const { linearConfiguration: linear, canaryConfiguration: canary } = given ?? {};
  if ((linear && type !== 'LINEAR') || (canary && type !== 'CANARY'))
    throw invalidParameter(`The traffic configuration does not belong to the deployment strategy ${type}.`);
  if ((given?.lifecycleHooks?.length ?? 0) > 10) throw invalidParameter('At most 10 lifecycle hooks are allowed.');
  const shared = {
    type,
    bakeMinutes: minutes('bakeTimeInMinutes', given?.bakeTimeInMinutes, before?.bakeMinutes ?? 15),
    hooks: given?.lifecycleHooks === undefined ? (before?.hooks ?? []) : given.lifecycleHooks.map(readHook),
  } as const;
  if (type === 'LINEAR')
    return {
      ...shared,
      percent: percent('stepPercent', linear?.stepPercent, before?.percent ?? 10, 3),
      stepMinutes: minutes('stepBakeTimeInMinutes', linear?.stepBakeTimeInMinutes, before?.stepMinutes ?? 6),
    };
  if (type === 'CANARY')
    return {
      ...shared,
      percent: percent('canaryPercent', canary?.canaryPercent, before?.percent ?? 5, 0.1),
      stepMinutes: minutes('canaryBakeTimeInMinutes', canary?.canaryBakeTimeInMinutes, before?.stepMinutes ?? 10),
    };
  return shared;
}

/** Traffic is shifted between two target groups by a listener's rule: each load balancer must have them. */
export function checkShiftingTargets(loadBalancers: readonly LoadBalancer[]): void {
  for (const { targetGroupArn, advancedConfiguration: advanced } of loadBalancers) {
    if (!advanced?.alternateTargetGroupArn || !advanced.productionListenerRule)
      throw invalidParameter(
        'A load balancer of this deployment strategy must have an advancedConfiguration with alternateTargetGroupArn and productionListenerRule.',
      );
    if (advanced.alternateTargetGroupArn === targetGroupArn)
      throw invalidParameter('alternateTargetGroupArn must be another target group than targetGroupArn.');
  }
}

export function shapeShifting(strategy: ShiftingStrategy | undefined): DeploymentConfiguration {
  if (strategy === undefined) return { strategy: 'ROLLING' };
  const { type, bakeMinutes, hooks, percent: share, stepMinutes } = strategy;
  return {
    strategy: type,
    bakeTimeInMinutes: bakeMinutes,
    lifecycleHooks: hooks.map((each) => ({
      targetType: 'PAUSE' as const,
      lifecycleStages: [...each.stages],
      timeoutConfiguration: { timeoutInMinutes: each.timeoutMinutes, action: each.timeoutAction },
    })),
    ...(type === 'LINEAR' && { linearConfiguration: { stepPercent: share, stepBakeTimeInMinutes: stepMinutes } }),
    ...(type === 'CANARY' && { canaryConfiguration: { canaryPercent: share, canaryBakeTimeInMinutes: stepMinutes } }),
  };
}
