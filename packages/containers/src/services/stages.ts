// The stages that a deployment which shifts traffic goes through, and those at which hooks are run.

/** In turn. */
export const stages = Object.freeze([
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
  'BAKE_TIME',
  'CLEAN_UP',
] as const);

export type Stage = (typeof stages)[number];

const hookless = Object.freeze(['SCALE_UP', 'BAKE_TIME', 'CLEAN_UP'] as const);

export type HookStage = Exclude<Stage, (typeof hookless)[number]>;

export function isHookStage(name: string): name is HookStage {
  const known: readonly string[] = stages;
  const without: readonly string[] = hookless;
  return known.includes(name) && !without.includes(name);
}
