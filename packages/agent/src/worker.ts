// One task's worker: settles, plans and executes, again after every change, until the task is forgotten. The only place
// where a task's record changes. Steps of different containers overlap; each container has one step at a time.
import { backoffDelay, errorText } from '@longshore/base';
import { stepTable } from './execute/steps.ts';
import type { Change, Hands, StepContext } from './execute/types.ts';
import { isEnding } from './plan/status.ts';
import { plan } from './plan/plan.ts';
import { settle } from './plan/settle.ts';
import { type Step, stepKey } from './plan/types.ts';
import type { TaskFiles } from './state/task-files.ts';
import { freshlyCreated, observe } from './task/observe.ts';
import { progressOf } from './task/record.ts';
import type { ObservedContainer, TaskRecord } from './task/types.ts';

export interface Worker {
  readonly arn: string;
  record(): TaskRecord;
  observed(): ReadonlyMap<string, ObservedContainer>;
  /** The task is to stop. Durable when it resolves. */
  requestStop(): Promise<void>;
  /** The Engine shows something new about a container, or may: look again. */
  refresh(container: string): Promise<void>;
  /** The Engine told that it killed the container for memory: its end is read as such. */
  noteOutOfMemory(container: string): void;
  /** Leaves everything as it is; resolves when no step is under way. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Must be on disk already. */
  readonly record: TaskRecord;
  /** What the Engine shows of the task's containers now. */
  readonly observed: ReadonlyMap<string, ObservedContainer>;
  readonly hands: Hands;
  readonly files: TaskFiles;
  readonly keepStoppedMs: number;
  readonly onForgotten: () => void;
  /** It has looked at a container again. */
  readonly onLook: () => void;
}

const outOfMemoryNewsMs = 500;
const stepBackoff = { initialMs: 250, maxMs: 15_000 };
/** State changes are told again for as long as ECS's agent does, about a day, at most this far apart. */
const reportBackoff = { initialMs: 250, maxMs: 60_000 };

export function startWorker(options: WorkerOptions): Worker {
  const { hands, files } = options;
  const arn = options.record.task.arn;
  const observed = new Map(options.observed);
  const outOfMemory = new Set<string>();
  const running = new Map<
    string,
    { readonly step: Step; readonly abort: AbortController; readonly done: Promise<void> }
  >();
  const failures = new Map<string, number>();
  const readings = new Map<string, Promise<void>>();
  let record = options.record;
  let savedRecord = options.record;
  let saving: Promise<void> | undefined;
  let alarm: AbortController | undefined;
  let stopped = false;

  /** With a reason, which nobody reads: without one an error and its stack are made. */
  const endAlarm = () => alarm?.abort('not needed');

  /** Brings the record to disk; changes that come meanwhile are written once, together. */
  async function save(): Promise<void> {
    while (savedRecord !== record && !stopped) {
      saving ??= writeOnce().finally(() => {
        saving = undefined;
      });
      await saving;
    }
  }

  async function writeOnce(): Promise<void> {
    const writing = record;
    await files.save(writing);
    savedRecord = writing;
  }

  async function read(container: string): Promise<void> {
    const { dockerName, dockerId } = progressOf(record, container);
    const known = observed.get(container)?.id ?? dockerId;
    const inspection =
      (known && (await hands.engine.inspectContainer(known))) || (await hands.engine.inspectContainer(dockerName));
    if (inspection) {
      const seen = observe(inspection);
      // What happened in an earlier run says nothing about this one.
      if (observed.get(container)?.status === 'exited' && seen.status === 'running') outOfMemory.delete(container);
      if (isKilledUnasked(container, seen)) await outOfMemoryNews(container);
      observed.set(container, outOfMemory.has(container) ? { ...seen, oomKilled: true } : seen);
    } else observed.delete(container);
    options.onLook();
  }

  /** Ended by SIGKILL although nobody here stopped it: most often for memory. */
  function isKilledUnasked(container: string, seen: ObservedContainer): boolean {
    const killed = seen.status === 'exited' && seen.exitCode === 137 && !seen.oomKilled;
    return killed && !isEnding(record) && progressOf(record, container).ended === undefined;
  }

  /** The Engine may tell of an end before it tells that memory was the cause: that news is waited for, briefly. */
  async function outOfMemoryNews(container: string): Promise<void> {
    for (let waited = 0; waited < outOfMemoryNewsMs && !outOfMemory.has(container) && !stopped; waited += 50) {
      await hands.clock.sleep(50);
    }
  }

  /** Readings of one container follow each other, so that an older one never overwrites a newer. */
  function refresh(container: string): Promise<void> {
    const next = (readings.get(container) ?? Promise.resolve()).catch(() => undefined).then(() => read(container));
    readings.set(container, next);
    return next.then(evaluate);
  }

  function view() {
    return {
      record,
      observed,
      busy: new Set(running.keys()),
      now: hands.clock.now(),
      keepStoppedMs: options.keepStoppedMs,
    };
  }

  function contextOf(abort: AbortController, again: boolean): StepContext {
    return {
      record: () => record,
      again,
      seen: (container) => observed.get(container),
      refresh,
      async refreshStarted(container) {
        // The Engine's event comes first, most often: what it made this worker read is not read again.
        await readings.get(container)?.catch(() => undefined);
        if (observed.get(container)?.status !== 'running') await refresh(container);
      },
      noteCreated(container, id, holder) {
        if (!observed.has(container)) observed.set(container, freshlyCreated(id, holder));
        evaluate();
      },
      idOf: (container) => observed.get(container)?.id,
      saved: save,
      signal: abort.signal,
    };
  }

  async function run(step: Step, key: string, abort: AbortController): Promise<void> {
    try {
      const execute = stepTable[step.kind] as (
        step: Step,
        context: StepContext,
        hands: Hands,
      ) => Promise<Change | 'forgotten'>;
      const outcome = await execute(step, contextOf(abort, failures.has(key)), hands);
      if (stopped) return;
      failures.delete(key);
      if (outcome === 'forgotten') return await forget();
      record = outcome(record, hands.clock.now());
    } catch (error) {
      if (stopped || abort.signal.aborted) return;
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      const log = count < 3 ? hands.log.debug : hands.log.warn;
      log(
        { task: arn, step: step.kind, failures: count + 1, problem: errorText(error) },
        'a step failed and will be tried again',
      );
      await hands.clock.sleep(backoffDelay(count, step.kind === 'report' ? reportBackoff : stepBackoff), abort.signal);
    }
  }

  async function forget(): Promise<void> {
    stopped = true;
    endAlarm();
    await saving?.catch(() => undefined);
    await files.remove(arn);
    options.onForgotten();
  }

  function launch(step: Step): void {
    const key = stepKey(step);
    const abort = new AbortController();
    const done = run(step, key, abort).finally(() => {
      running.delete(key);
      evaluate();
    });
    running.set(key, { step, abort, done });
    done.catch((error: unknown) =>
      hands.log.error({ err: error, task: arn, step: step.kind }, 'a step could not be ended'),
    );
  }

  function persist(): void {
    save().catch((error: unknown) => {
      hands.log.error(
        { task: arn, problem: errorText(error) },
        'a task cannot be saved: it is tried again at its next change',
      );
    });
  }

  /** Settles and plans; never waits. */
  function evaluate(): void {
    if (stopped) return;
    record = settle(view());
    // A task that is to end wants no image any more: its pulls are given up, other steps are quick or must be finished.
    if (isEnding(record)) for (const { step, abort } of running.values()) if (step.kind === 'pull') abort.abort();
    if (savedRecord !== record) persist();
    const { steps, wakeAt } = plan(view());
    for (const step of steps) launch(step);
    endAlarm();
    alarm = undefined;
    if (wakeAt !== undefined) wake(wakeAt);
  }

  function wake(at: number): void {
    const mine = new AbortController();
    alarm = mine;
    const wait = Math.min(Math.max(1, at - hands.clock.now()), 2 ** 31 - 1);
    void hands.clock.sleep(wait, mine.signal).then(() => {
      if (!mine.signal.aborted) evaluate();
    });
  }

  evaluate();

  return {
    arn,
    record: () => record,
    observed: () => observed,
    async requestStop() {
      if (record.desired !== 'STOPPED') record = { ...record, desired: 'STOPPED' };
      evaluate();
      await save();
    },
    refresh,
    noteOutOfMemory: (container) => void outOfMemory.add(container),
    async stop() {
      stopped = true;
      endAlarm();
      for (const { abort } of running.values()) abort.abort();
      await Promise.allSettled([...running.values()].map(({ done }) => done));
      await saving?.catch(() => undefined);
      // The last change may not have been written: without it the next life would only look again.
      if (savedRecord !== record) await files.save(record).catch(() => undefined);
    },
  };
}
