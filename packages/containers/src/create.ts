// Puts the container service together: operations, agents' sockets, background loops.
import type { Meter } from '@longshore/base';
import { acsHub } from './acs/hub.ts';
import { deliveryPoll } from './acs/poll.ts';
import { namedInstance, refusalOf } from './admission.ts';
import { saveNewCluster } from './clusters.ts';
import type { Core, Counters } from './core.ts';
import { execSessions } from './exec/sessions.ts';
import { forgetting } from './forget.ts';
import { serviceKeeper } from './keeper/keeper.ts';
import { usualTimes } from './liveness/times.ts';
import { instanceWatch, recoverConnections } from './liveness/watch.ts';
import { ecsService } from './operations.ts';
import { parseTaskNetwork, usualTaskNetwork } from './network/subnets.ts';
import { capacityQueue } from './providers/queue.ts';
import { capacityScaler } from './providers/scaler.ts';
import { createCapacity } from './placement/capacity.ts';
import { explainPlacement } from './placement/explain.ts';
import { proposer } from './placement/scheduler.ts';
import { versionsOfQuery } from './registration.ts';
import { summaryOf } from './summary.ts';
import { targetKeeper } from './targets/keeper.ts';
import { taskSetKeeper } from './task-sets/keeper.ts';
import { machineAddress } from './targets/read.ts';
import { type TcsSession, tcsSession } from './tcs/session.ts';
import type { Containers, ContainersOptions } from './types.ts';

/** Without a health check a task counts as healthy after this time of running (ECS: 40 s). */
const usualSettleMs = 40_000;
/** ECS: fifteen minutes below the target. */
const usualScaleInAfterMs = 15 * 60_000;

function countersOf(meter: Meter): Counters {
  const name = (text: string) => `longshore_containers_${text}`;
  return {
    tasksStarted: meter.counter(name('tasks_started_total'), 'Tasks that were placed on an instance.'),
    tasksStopped: meter.counter(name('tasks_stopped_total'), 'Tasks that stopped, by stop code.', ['code']),
    placementFailures: meter.counter(name('placement_failures_total'), 'Launches of which some task found no place.'),
    deliveries: meter.counter(name('deliveries_total'), 'Payloads sent to agents.', ['desired']),
    agentFrames: meter.counter(name('agent_frames_total'), 'Frames from agents.', ['socket', 'type']),
    reservation: meter.gauge(
      name('capacity_provider_reservation_percent'),
      'Instances needed of those that are there, in percent.',
      ['cluster', 'provider'],
    ),
    startSeconds: meter.histogram(name('task_start_seconds'), 'From the launch of a task to its report of RUNNING.'),
  };
}

/** `host:port` of a base URL: what image references of this registry start with, as this agent reaches it. */
function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : '';
}

/** The store must have been migrated with `containersMigrations` before anything is called. */
export function createContainers(options: ContainersOptions): Containers {
  const { clock, log, region, replica } = options;
  const capacity = createCapacity(options.store, clock, Math.random);
  const { store } = capacity;
  const tcsSessions = new Set<TcsSession>();
  const core: Core = {
    store,
    clock,
    log,
    region,
    replica,
    counters: countersOf(options.meter),
    liveness: options.liveness ?? usualTimes,
    capacity,
    propose: options.scheduler && proposer(options.scheduler, clock, log),
    taskNetwork: parseTaskNetwork(options.taskNetwork ?? usualTaskNetwork),
    wakeInstance: (arn, fresh) => hub.wake(arn, fresh),
    exec: execSessions({
      store,
      clock,
      log,
      replicaUrl: options.replicaUrl,
      agents: {
        has: (arn) => hub.has(arn),
        tell: ({ instanceArn, sessionId, taskArn, containerName, command, interactive, endpoint }) =>
          hub.execute(instanceArn, {
            sessionId,
            taskArn,
            containerName,
            command,
            interactive,
            ...(endpoint !== undefined && { endpoint }),
          }),
      },
    }),
    taskRoles: options.taskRoles,
    loadBalancing: options.loadBalancing,
    alarms: options.alarms,
    serviceDiscovery: options.serviceDiscovery,
    machineGroup: (account, name) => options.machineGroup?.(account, name),
    wakeCapacity() {
      queue.wake();
      scaler.wake();
    },
    wakeKeeper() {
      keeper.wake();
      queue.wake();
      targets.wake();
      taskSets.wake();
    },
  };
  const hub = acsHub(core);
  const keeper = serviceKeeper(core, options.settleMs ?? usualSettleMs);
  const targets = targetKeeper(core);
  const taskSets = taskSetKeeper(core, options.settleMs ?? usualSettleMs);
  const queue = capacityQueue(core);
  const scaler = capacityScaler(core, { scaleInAfterMs: options.scaleInAfterMs ?? usualScaleInAfterMs });

  return {
    ecs: ecsService(core),
    refuseAgent: (kind, connection) => refusalOf(core, options.authorizer, kind, connection),
    acceptAcs(socket, connection) {
      const named = namedInstance('acs', connection, region);
      if (named === undefined) return socket.close(1008, 'no container instance is named');
      hub.accept(socket, named.arn, hostOf(connection.context.baseUrl), versionsOfQuery(connection.query));
    },
    acceptTcs(socket, connection) {
      const named = namedInstance('tcs', connection, region);
      if (named === undefined) return socket.close(1008, 'no container instance is named');
      const { onReadings } = options;
      const onEnd = (session: TcsSession) => void tcsSessions.delete(session);
      tcsSessions.add(tcsSession({ core, socket, instanceArn: named.arn, onReadings, onEnd }));
    },
    services: [
      keeper,
      taskSets,
      targets,
      queue,
      scaler,
      deliveryPoll(core, hub),
      instanceWatch(core, hub),
      forgetting(core),
      core.exec.calls,
    ],
    async recover(account) {
      await store.write([saveNewCluster({ region, account }, 'default', { settings: [] }, clock.now())]);
      await recoverConnections(core, clock.now());
    },
    claimExec: (sessionId) => core.exec.claim(sessionId),
    acceptExecAgent(socket, connection) {
      const named = namedInstance('acs', connection, region);
      core.exec.acceptAgent(connection.query.get('session') ?? '', named?.arn ?? '', socket);
    },
    async closeAgents() {
      core.exec.closeAll();
      await Promise.all([
        hub.closeAll(),
        ...[...tcsSessions].map((session) => session.end('the server is going away')),
      ]);
    },
    explain: (account, query) => explainPlacement(core, { region, account }, query),
    machineAddress: (account, id) => machineAddress(store, account, id),
    summary: (account) => summaryOf(store, account),
  };
}
