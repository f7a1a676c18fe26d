// All tasks on this machine: their workers, what the Engine tells about their containers, and containers of this agent
// that no task claims.
import type { AcsTask } from '@longshore/aws';
import { backoffDelay, errorText, type LoopService, loopService } from '@longshore/base';
import type { ContainerSummary, EngineEvent } from './docker/types.ts';
import type { Hands } from './execute/types.ts';
import type { TaskFiles } from './state/task-files.ts';
import { labels } from './task/names.ts';
import { observe } from './task/observe.ts';
import { newRecord } from './task/record.ts';
import type { ObservedContainer, TaskRecord } from './task/types.ts';
import { startWorker, type Worker } from './worker.ts';

export interface Tasks {
  /** Reads the state folder, looks at the Engine and takes up every task where it was left. Call once, first. */
  recover(): Promise<void>;
  /** Follows the Engine's events; reconnects and looks at everything again when the Engine was away. */
  readonly watcher: LoopService;
  /** Takes a task on, or notes that a known one is to stop. Durable when it resolves; repeating it changes nothing. */
  accept(task: AcsTask): Promise<void>;
  /** ARNs of the tasks that are meant to run here, those of unclaimed containers too. */
  running(): readonly string[];
  /** Stops a task; containers that no task claims are stopped and removed. */
  stopTask(arn: string): Promise<void>;
  workers(): readonly Worker[];
  /** Ends the workers; touches no container. */
  stop(): Promise<void>;
}

export interface TasksOptions {
  readonly hands: Hands;
  readonly files: TaskFiles;
  readonly agentId: string;
  readonly keepStoppedMs: number;
  /** Nothing is left of a task. */
  readonly onForgotten?: (taskArn: string) => void;
  /** What is known of some container may have changed. */
  readonly onLook?: () => void;
}

const interesting = new Set(['start', 'die', 'oom', 'destroy', 'pause', 'unpause']);

export function createTasks(options: TasksOptions): Tasks {
  const { hands, files } = options;
  const { engine, log } = hands;
  const ownLabel = `${labels.agent}=${options.agentId}`;
  const workers = new Map<string, Worker>();
  const accepting = new Map<string, Promise<void>>();
  let unclaimed: readonly ContainerSummary[] = [];
  let lastEvent: number | undefined;
  let stopped = false;

  const onLook = () => options.onLook?.();
  const labelOf = (container: ContainerSummary, label: string) => container.Labels?.[label] ?? '';

  async function inspectAll(containers: readonly ContainerSummary[]): Promise<Map<string, ObservedContainer>> {
    const observed = new Map<string, ObservedContainer>();
    for (const container of containers) {
      const inspection = await engine.inspectContainer(container.Id);
      if (inspection) observed.set(labelOf(container, labels.containerName), observe(inspection));
    }
    return observed;
  }

  function start(record: TaskRecord, observed: ReadonlyMap<string, ObservedContainer>): void {
    if (stopped) return;
    const { arn } = record.task;
    const worker = startWorker({
      record,
      observed,
      hands,
      files,
      keepStoppedMs: options.keepStoppedMs,
      onForgotten() {
        workers.delete(arn);
        options.onForgotten?.(arn);
        onLook();
      },
      onLook,
    });
    workers.set(arn, worker);
    onLook();
  }

  const listOwn = () => engine.listContainers([ownLabel]);

  function noteUnclaimed(listed: readonly ContainerSummary[]): void {
    unclaimed = listed.filter((container) => {
      const worker = workers.get(labelOf(container, labels.taskArn));
      return !worker || !(labelOf(container, labels.containerName) in worker.record().containers);
    });
  }

  /** Looks at every container again: events may have been missed. */
  async function lookAgain(): Promise<void> {
    const listed = await listOwn();
    for (const worker of workers.values()) {
      const names = new Set(worker.observed().keys());
      for (const container of listed)
        if (labelOf(container, labels.taskArn) === worker.arn) names.add(labelOf(container, labels.containerName));
      for (const name of names) if (name in worker.record().containers) await worker.refresh(name);
    }
    noteUnclaimed(listed);
  }

  /** One answer may be lost while the stream of events goes on: what an event told of is looked at until it is seen. */
  async function lookUntilSeen(worker: Worker, name: string): Promise<void> {
    for (let failures = 0; !stopped && workers.get(worker.arn) === worker; failures++) {
      try {
        return await worker.refresh(name);
      } catch (error) {
        log.warn({ task: worker.arn, container: name, problem: errorText(error) }, 'a container cannot be looked at');
        await hands.clock.sleep(backoffDelay(failures));
      }
    }
  }

  function handle(event: EngineEvent): void {
    lastEvent = event.timeNano / 1e9;
    const health = event.Action.startsWith('health_status');
    if (!health && !interesting.has(event.Action)) return;
    const arn = event.Actor.Attributes?.[labels.taskArn] ?? '';
    const name = event.Actor.Attributes?.[labels.containerName] ?? '';
    const worker = workers.get(arn);
    if (!worker || !(name in worker.record().containers)) {
      if (event.Action === 'destroy') unclaimed = unclaimed.filter((container) => container.Id !== event.Actor.ID);
      return;
    }
    if (event.Action === 'oom') worker.noteOutOfMemory(name);
    void lookUntilSeen(worker, name);
  }

  const watcher = loopService({
    id: 'agent engine events',
    everyMs: 100,
    log,
    clock: hands.clock,
    backoff: { initialMs: 200, maxMs: 5_000 },
    async step({ signal }) {
      const events = await engine.events([ownLabel], lastEvent, signal);
      await lookAgain();
      for await (const event of events) handle(event);
      throw new Error("the stream of the Engine's events ended");
    },
  });

  async function takeOn(task: AcsTask): Promise<void> {
    const record = newRecord(task);
    hands.puller.foresee(record);
    await files.save(record);
    const left = unclaimed.filter((container) => labelOf(container, labels.taskArn) === task.arn);
    const observed = left.length > 0 ? await inspectAll(left) : new Map<string, ObservedContainer>();
    unclaimed = unclaimed.filter((container) => !left.includes(container));
    start(record, observed);
  }

  return {
    async recover() {
      const [records, listed] = [await files.load(), await listOwn()];
      const found: [TaskRecord, ReadonlyMap<string, ObservedContainer>][] = [];
      for (const record of records) {
        const own = listed.filter((container) => labelOf(container, labels.taskArn) === record.task.arn);
        found.push([record, await inspectAll(own)]);
      }
      for (const [record, observed] of found) start(record, observed);
      noteUnclaimed(listed);
      if (records.length > 0 || unclaimed.length > 0)
        log.info({ tasks: records.length, unclaimed: unclaimed.length }, 'took up the tasks on this machine');
    },
    watcher,
    async accept(task) {
      await accepting.get(task.arn)?.catch(() => undefined);
      const known = workers.get(task.arn);
      if (known) {
        if (task.desiredStatus === 'STOPPED') await known.requestStop();
        return;
      }
      const work = takeOn(task).finally(() => accepting.delete(task.arn));
      accepting.set(task.arn, work);
      await work;
    },
    running() {
      const known = [...workers.values()].filter((worker) => worker.record().desired === 'RUNNING');
      const strays = unclaimed.filter((container) => container.State === 'running' || container.State === 'created');
      return [...new Set([...known.map((worker) => worker.arn), ...strays.map((one) => labelOf(one, labels.taskArn))])];
    },
    async stopTask(arn) {
      await workers.get(arn)?.requestStop();
      for (const container of unclaimed.filter((one) => labelOf(one, labels.taskArn) === arn)) {
        log.warn({ task: arn, container: container.Id }, 'stopping a container that no task on this machine claims');
        await engine.stopContainer(container.Id, undefined);
        await engine.removeContainer(container.Id);
        unclaimed = unclaimed.filter((one) => one !== container);
      }
    },
    workers: () => [...workers.values()],
    async stop() {
      stopped = true;
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
    },
  };
}
