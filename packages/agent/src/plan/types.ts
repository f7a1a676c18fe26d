// What planning takes and gives.
import type { Observed, TaskReport, TaskRecord } from '../task/types.ts';

/** Everything that a plan depends on. */
export interface View {
  readonly record: TaskRecord;
  readonly observed: Observed;
  /** Keys (`stepKey`) of steps under way: they are neither planned again nor judged until they end. */
  readonly busy: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long stopped containers are kept for inspection, in milliseconds. */
  readonly keepStoppedMs: number;
}

export type Step =
  | { readonly kind: 'pull'; readonly container: string }
  /** Makes the task's own network; `container` is its holder. */
  | { readonly kind: 'hold'; readonly container: string }
  | { readonly kind: 'createVolume'; readonly volume: string }
  | { readonly kind: 'create'; readonly container: string }
  | { readonly kind: 'start'; readonly container: string }
  | { readonly kind: 'stop'; readonly container: string; readonly graceSeconds: number }
  | { readonly kind: 'releaseNetwork'; readonly container: string; readonly holder: string }
  | { readonly kind: 'remove'; readonly container: string }
  | { readonly kind: 'removeVolume'; readonly volume: string }
  | { readonly kind: 'report'; readonly report: TaskReport }
  | { readonly kind: 'forget' };

export interface Plan {
  /** May all run at once. */
  readonly steps: readonly Step[];
  /** When to plan again if nothing happens before, in milliseconds since the epoch. */
  readonly wakeAt?: number | undefined;
}

/** One step at a time has this key: a container, a volume, or the task's reports. */
export function stepKey(step: Step): string {
  if ('container' in step) return containerKey(step.container);
  if ('volume' in step) return `volume ${step.volume}`;
  return step.kind;
}

export function containerKey(name: string): string {
  return `container ${name}`;
}
