// The table that executes planned steps. Each entry does one thing to the Engine and says how the record changes. A step
// that the Engine refused ends its container with the reason; one that it could not be asked for is thrown and retried.
import type { AcsContainer } from '@longshore/aws';
import { errorText } from '@longshore/base';
import { EngineUnreachable, isStatus } from '../docker/errors.ts';
import { mayJoinPrepared } from '../network/may-join.ts';
import { logTarget } from '../logs/target.ts';
import { ResourceUnavailable } from '../secrets/types.ts';
import { pauseRequest } from '../network/task-network.ts';
import { isToRestart } from '../plan/restart.ts';
import { createBody } from '../task/create-body.ts';
import { labels } from '../task/names.ts';
import { hasOwnNetwork, pauseName } from '../task/own-network.ts';
import { failedStep } from '../task/reasons.ts';
import { progressOf, withContainer, withEnd, withVolume } from '../task/record.ts';
import type { TaskRecord, TaskReport } from '../task/types.ts';
import { ReportRefused } from './report-refused.ts';
import type { Change, Hands, StepContext, StepTable } from './types.ts';

const unchanged: Change = (record) => record;

function containerOf(record: TaskRecord, name: string) {
  const container = record.task.containers.find((one) => one.name === name);
  if (!container) throw new Error(`the task has no container ${name}`);
  return container;
}

/** The container could not be brought on: it ends with the reason. Not knowing whether it could is no reason to end it. */
function failed(step: 'pull' | 'create' | 'start', name: string, error: unknown): Change {
  if (error instanceof EngineUnreachable) throw error;
  return (record, now) => withEnd(record, name, { at: now, reason: failedStep(step, error) });
}

/** A secret that could not be asked for is asked for again, as long as it takes; a refusal ends the container. */
function notYet(error: unknown): never {
  if (error instanceof ResourceUnavailable) throw error;
  throw new EngineUnreachable(`what the container needs cannot be fetched: ${errorText(error)}`);
}

/** A prepared namespace that was taken for nothing. If it cannot be removed now, it is found later. */
function giveUp(holder: string, hands: Hands): void {
  hands.networks.release(holder).catch((error: unknown) => {
    hands.log.debug({ holder, problem: errorText(error) }, 'a network holder could not be removed');
  });
}

/** The container could not start because the one whose namespace it was to join does not run, or is gone. */
function isWithoutHolder(error: unknown, id: string): boolean {
  const text = errorText(error);
  if (/cannot join network of a non running container/i.test(text)) return true;
  return isStatus(error, 404) && /no such container/i.test(text) && !text.includes(id);
}

/** Whether the report says that anything has ended. */
function tellsOfAnEnd(report: TaskReport): boolean {
  return report.status === 'STOPPED' || report.containers.some((container) => container.status === 'STOPPED');
}

/** The container's log stream must be there before the container is: output is never without a place to go. */
async function prepareLogs(record: TaskRecord, container: AcsContainer, hands: Hands, signal: AbortSignal) {
  const target = logTarget(record.task, container);
  if (target) await hands.logs.prepare(target, hands.executionKeys(record), signal).catch(notYet);
}

/** Makes the container, or adopts the one of its name that an earlier life of this agent made. */
async function createOrAdopt(name: string, context: StepContext, hands: Hands): Promise<void> {
  const record = context.record();
  const { dockerName } = progressOf(record, name);
  const owner = hands.owner();
  const container = containerOf(record, name);
  const [fetched] = await Promise.all([
    hands.secrets.fetch(record, container, context.signal).catch(notYet),
    prepareLogs(record, container, hands, context.signal),
  ]);
  const hostRanges = await hands.hostPorts.pick(container);
  hands.networks.noteLaunch();
  const create = async (holder?: string) => {
    const body = createBody(record, container, owner, fetched, {
      holder,
      hostRanges,
      environment: hands.endpoint.environment(record, name),
    });
    context.noteCreated(name, await hands.engine.createContainer(dockerName, body, context.signal), holder);
  };
  const own = hasOwnNetwork(record.task) ? context.idOf(pauseName) : undefined;
  const prepared = mayJoinPrepared(record.task, container) ? hands.networks.take() : undefined;
  try {
    await create(own ?? prepared);
  } catch (error) {
    if (prepared !== undefined) giveUp(prepared, hands);
    // Later Engines look for the holder when the container is made.
    if (prepared !== undefined && isStatus(error, 404) && error.message.includes(prepared)) return await create(own);
    if (!isStatus(error, 409)) throw error;
    const taken = await hands.engine.inspectContainer(dockerName, context.signal);
    const its = taken?.Config.Labels ?? {};
    const ours =
      its[labels.agent] === owner.agentId &&
      its[labels.taskArn] === record.task.arn &&
      its[labels.containerName] === name;
    if (taken && ours) return await context.refresh(name);
    if (taken) {
      hands.log.warn(
        { container: dockerName, id: taken.Id },
        'a container that is not of this task has its name: removing it',
      );
      await hands.engine.removeContainer(taken.Id, context.signal);
    }
    await create(own);
  }
}

export const stepTable: StepTable = {
  async pull({ container }, context, hands) {
    const startedAt = hands.clock.now();
    const started: Change = (record) => ({ ...record, pullStartedAt: record.pullStartedAt ?? startedAt });
    try {
      const record = context.record();
      const image = await hands.puller.pull(record, containerOf(record, container), context.signal);
      return (record, now) => ({
        ...withContainer(started(record, now), container, { image }),
        pullStoppedAt: now,
      });
    } catch (error) {
      const change = failed('pull', container, error);
      return (record, now) => change({ ...started(record, now), pullStoppedAt: now }, now);
    }
  },

  async hold({ container }, context, hands) {
    const { task } = context.record();
    try {
      const gateway = task.elasticNetworkInterfaces?.[0]?.subnetGatewayIpv4Address ?? '';
      const network = await hands.taskNetworks.ensure(gateway);
      const { dockerName } = progressOf(context.record(), container);
      const request = pauseRequest(task, dockerName, network, hands.owner());
      hands.networks.noteLaunch();
      const noteMade = (id: string) => context.noteCreated(container, id);
      if (request) await hands.launchLimit(() => hands.holders.makeFor(request, noteMade));
      await context.refreshStarted(container);
      return unchanged;
    } catch (error) {
      if (error instanceof EngineUnreachable) throw error;
      const reason = failedStep('hold', error);
      return (record, now) =>
        [...record.task.containers.map((one) => one.name), container].reduce(
          (changed, name) => withEnd(changed, name, { at: now, reason }),
          record,
        );
    }
  },

  async createVolume({ volume }, context, hands) {
    const record = context.record();
    const declared = record.task.volumes.find((one) => one.name === volume)?.dockerVolumeConfiguration;
    const progress = record.volumes[volume];
    try {
      await hands.engine.createVolume({
        Name: progress?.dockerName ?? volume,
        ...(declared?.driver ? { Driver: declared.driver } : {}),
        ...(declared?.driverOpts ? { DriverOpts: declared.driverOpts } : {}),
        Labels: {
          ...declared?.labels,
          [labels.agent]: hands.owner().agentId,
          ...(progress?.taskScoped ? { [labels.taskArn]: record.task.arn } : {}),
        },
      });
    } catch (error) {
      if (error instanceof EngineUnreachable) throw error;
      const reason = failedStep('createVolume', error);
      return (now, at) =>
        now.task.containers
          .filter((container) => container.mountPoints.some((mount) => mount.sourceVolume === volume))
          .reduce((changed, container) => withEnd(changed, container.name, { at, reason }), now);
    }
    return (now) => withVolume(now, volume, { made: true });
  },

  async create({ container }, context, hands) {
    try {
      await hands.launchLimit(() => createOrAdopt(container, context, hands));
      return unchanged;
    } catch (error) {
      return failed('create', container, error);
    }
  },

  async start({ container }, context, hands) {
    // A start whose answer was lost may have happened, and the container may have ended since: it must not run again.
    if (context.again) await context.refresh(container);
    const seen = context.seen(container);
    if (!seen || (seen.status !== 'created' && !isToRestart(progressOf(context.record(), container), seen)))
      return unchanged;
    const { id } = seen;
    // That it was made, or that this run follows an earlier one, must outlive this process before it runs: of one that is
    // gone afterwards nobody can say that it never ran, so it is not made again; and a further run is counted once.
    await context.saved();
    try {
      hands.networks.noteLaunch();
      await hands.launchLimit(() => hands.engine.startContainer(id, context.signal));
      await context.refreshStarted(container);
      return unchanged;
    } catch (error) {
      if (isWithoutHolder(error, id)) {
        // The Engine was restarted in between: without its namespace the container is of no use, and it has never run.
        if (seen.holder !== undefined && !hasOwnNetwork(context.record().task)) giveUp(seen.holder, hands);
        await hands.engine.removeContainer(id, context.signal);
        await context.refresh(container);
        return (record) => withContainer(record, container, { dockerId: undefined });
      }
      const change = failed('start', container, error);
      await context.refresh(container);
      return change;
    }
  },

  async stop({ container, graceSeconds }, context, hands) {
    const id = context.idOf(container);
    if (id === undefined) return unchanged;
    try {
      await hands.engine.stopContainer(id, graceSeconds, context.signal);
    } catch (error) {
      if (!(error instanceof EngineUnreachable))
        hands.log.warn(
          { container: id, problem: failedStep('stop', error) },
          'a container did not stop and will be told again',
        );
      throw error;
    }
    await context.refresh(container);
    return unchanged;
  },

  async releaseNetwork({ container, holder }, _context, hands) {
    await hands.networks.release(holder);
    return (record) => withContainer(record, container, { networkReleased: true });
  },

  async remove({ container }, context, hands) {
    const id = context.idOf(container);
    if (id !== undefined) {
      try {
        await hands.engine.removeContainer(id, context.signal);
      } catch (error) {
        // Someone else is removing it already.
        if (!isStatus(error, 409)) throw error;
      }
    }
    await context.refresh(container);
    return (record) => withContainer(record, container, { removed: true });
  },

  async removeVolume({ volume }, context, hands) {
    const name = context.record().volumes[volume]?.dockerName;
    try {
      if (name !== undefined) await hands.engine.removeVolume(name);
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      hands.log.warn(
        { volume: name, problem: errorText(error) },
        'a volume of a stopped task is still in use and stays',
      );
    }
    return (record) => withVolume(record, volume, { removed: true });
  },

  async report({ report }, context, hands) {
    // A control plane that was told of an end never hears the opposite: it must outlive this process. That a container
    // runs, the Engine itself would say again; so that is told while it is written.
    if (tellsOfAnEnd(report)) await context.saved();
    try {
      await Promise.all([context.saved(), hands.reporter.submit(context.record(), report, context.signal)]);
    } catch (error) {
      if (!(error instanceof ReportRefused)) throw error;
      hands.log.error(
        { task: context.record().task.arn, status: report.status, problem: error.message },
        'the control plane refuses a state change: it is dropped',
      );
    }
    return (record, now) => {
      const reports = record.reports.filter((one) => one !== report);
      const closed = report.status === 'STOPPED' && reports.length === 0;
      return { ...record, reports, closedAt: closed ? (record.closedAt ?? now) : record.closedAt };
    };
  },

  async forget() {
    return 'forgotten';
  },
};
