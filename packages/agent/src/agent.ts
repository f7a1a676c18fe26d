// The agent, put together: state folder, Engine, tasks, control socket, telemetry socket.
import { backoffDelay, errorText, type Service } from '@longshore/base';
import { createAcsSession } from './control/acs-session.ts';
import { createControlApi } from './control/api.ts';
import { localAddressTowards } from './control/local-address.ts';
import { offeredBy, roleCapabilities } from './control/offered.ts';
import { createMembership } from './control/registration.ts';
import { createAnswers } from './endpoint/answers.ts';
import { createTaskEndpoint } from './endpoint/endpoint.ts';
import { createRoleKeys } from './endpoint/role-keys.ts';
import { createExecSessions } from './exec/sessions.ts';
import { createLogShipping } from './logs/shipping.ts';
import { imageCleaning } from './execute/clean-images.ts';
import { createLimit } from './execute/limit.ts';
import { createPuller } from './execute/pull.ts';
import type { Hands } from './execute/types.ts';
import { createHolders } from './network/holders.ts';
import { createPreparedNetworks } from './network/prepared.ts';
import { readGpus } from './task/gpus.ts';
import { createTaskNetworks } from './network/task-network.ts';
import { openInstanceFile } from './state/instance.ts';
import { openPulledImages } from './state/pulled-images.ts';
import { openTaskFiles } from './state/task-files.ts';
import { labels } from './task/names.ts';
import { createTasks } from './tasks.ts';
import { createTelemetrySession } from './telemetry/session.ts';
import type { Agent, AgentOptions } from './types.ts';
import { type AgentWorld, worldOf } from './world.ts';

const pullsAtOnce = 4;
const launchesAtOnce = 8;
const answersAtOnce = 8;
const defaultMeasureEveryMs = 5_000;
const defaultPreparedNetworks = 2;
const defaultImageMinAgeMs = 24 * 3_600_000;
const defaultImageCleanEveryMs = 30 * 60_000;
const defaultKeepStoppedMs = 10 * 60_000;

/** Makes the agent of this machine. Nothing is touched until `run`. `given` takes the place of parts of the real world. */
export function createAgent(options: AgentOptions, given: Partial<AgentWorld> = {}): Agent {
  const { clock, log } = options;
  const stopping = new AbortController();
  let ended: Promise<void> | undefined;
  let becomeReady: () => void = () => undefined;
  const isReady = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });

  /** Repeats `work` until it succeeds or the agent stops; the Engine may be starting still. */
  async function insist(what: string, work: () => Promise<void>): Promise<boolean> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      try {
        await work();
        return true;
      } catch (error) {
        log.error({ problem: errorText(error) }, `${what} failed and will be tried again`);
        await clock.sleep(backoffDelay(failures), stopping.signal);
      }
    }
    return false;
  }

  async function live(): Promise<void> {
    const keys = createRoleKeys();
    const world = worldOf(options, given, keys);
    const { disk, engine, secrets } = world;
    const gpus = readGpus(options.gpus);
    const instance = await openInstanceFile(options.dataDir, options.cluster, disk);
    const { agentId } = instance.current();
    const pulled = await openPulledImages(options.dataDir, disk, clock.now);
    const api = createControlApi({ client: world.client, clock });
    const capabilities = { taskRoles: false };
    const membership = createMembership({
      api,
      engine,
      instance,
      attributes: options.attributes ?? {},
      address: async () => options.address ?? (await localAddressTowards(options.endpoint)),
      offer: { ...options.offer, gpus: gpus.map((each) => each.id) },
      offered: () => [...offeredBy(options), ...(capabilities.taskRoles ? roleCapabilities : [])],
      clock,
      log,
    });
    const holders = createHolders({ engine, agentId, log });
    const taskNetworks = createTaskNetworks({ engine, agentId, log });
    const networks = createPreparedNetworks({
      engine,
      holders,
      userLabel: `${labels.agent}=${agentId}`,
      size: options.preparedNetworks ?? defaultPreparedNetworks,
      clock,
      log,
    });
    const endpoint = createTaskEndpoint({
      engine,
      answer: createAnswers({ engine, keys, workers: () => tasks.workers(), limit: createLimit(answersAtOnce) }),
      formerPort: instance.current().endpointPort,
      log,
    });
    async function openEndpoint(): Promise<void> {
      if (!(options.taskEndpoint ?? false)) return;
      const place = await endpoint.open();
      capabilities.taskRoles = place?.servesKeys ?? false;
      if (place && !place.servesKeys) await instance.update({ endpointPort: place.port });
    }

    const hands: Hands = {
      engine,
      secrets,
      logs: world.logSink,
      executionKeys: keys.execution,
      hostPorts: world.hostPorts,
      puller: createPuller({
        engine,
        tokens: world.tokens,
        executionKeys: keys.execution,
        secrets,
        behavior: options.pullBehavior,
        wasPulled: pulled.has,
        notePulled: pulled.note,
        clock,
        log,
        limit: createLimit(pullsAtOnce),
      }),
      reporter: api,
      networks,
      holders,
      taskNetworks,
      endpoint,
      owner: () => ({ agentId, instanceArn: membership.arn(), bindAddress: options.bindAddress, gpus }),
      clock,
      log,
      launchLimit: createLimit(launchesAtOnce),
    };
    const tasks = createTasks({
      hands,
      files: openTaskFiles({ dataDir: options.dataDir, log, disk }),
      agentId,
      keepStoppedMs: options.keepStoppedMs ?? defaultKeepStoppedMs,
      onForgotten: (arn) => keys.drop(arn),
      onLook: () => shipping.wake(),
    });
    const shipping = createLogShipping({
      dataDir: options.dataDir,
      disk,
      workers: tasks.workers,
      source: world.logSource,
      sink: world.logSink,
      credentialsOf: keys.execution,
      clock,
      log,
    });
    const identity = { region: options.region, credentials: options.credentials };
    const { openSocket } = world;
    const exec = createExecSessions({
      engine: world.engineExec,
      workers: tasks.workers,
      openSocket,
      identity,
      endpoint: options.endpoint,
      instance: () => ({ cluster: instance.current().cluster, arn: membership.arn() }),
      clock,
      log,
    });
    const services: Service[] = [
      createAcsSession({
        tasks,
        instance,
        keys,
        api,
        membership,
        identity,
        openSocket,
        exec,
        clock,
        log,
        onConnected: () => becomeReady(),
      }),
      createTelemetrySession({
        membership,
        measurer: world.measurer,
        workers: tasks.workers,
        runtimeAnswers: () =>
          engine.version().then(
            () => true,
            () => false,
          ),
        cluster: options.cluster,
        identity,
        openSocket,
        everyMs: options.measureEveryMs ?? defaultMeasureEveryMs,
        clock,
        log,
      }),
      tasks.watcher,
      shipping,
      networks.service,
      imageCleaning({
        images: pulled,
        remover: world.imageRemover,
        records: () => tasks.workers().map((worker) => worker.record()),
        minAgeMs: options.imageMinAgeMs ?? defaultImageMinAgeMs,
        everyMs: options.imageCleanEveryMs ?? defaultImageCleanEveryMs,
        clock,
        log,
      }),
    ];
    try {
      if (!(await insist('opening the task endpoint', openEndpoint))) return;
      if (!(await insist('taking up the tasks of this machine', () => tasks.recover()))) return;
      const running = services.map((service) => service.run());
      await new Promise<void>((resolve) => {
        if (stopping.signal.aborted) resolve();
        else stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.all(services.map((service) => service.stop()));
      await Promise.all(running);
    } finally {
      await tasks.stop();
      await networks.close();
      await taskNetworks.removeUnused().catch(() => undefined);
      await endpoint.close();
      world.imageRemover.close();
      exec.stop();
      world.engineExec.close();
      world.logSource.close();
      engine.close();
      api.close();
    }
  }

  return {
    id: 'agent',
    run() {
      ended ??= live();
      return ended;
    },
    ready: () => isReady,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
