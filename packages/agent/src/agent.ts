// The agent, put together: state folder, Engine, tasks, control socket, telemetry socket.
import { backoffDelay, errorText, type Service } from '@longshore/base';
import { createAcsSession } from './control/acs-session.ts';
import { createControlApi } from './control/api.ts';
import { localAddressTowards } from './control/local-address.ts';
import { createMembership } from './control/registration.ts';
import { createEngine } from './docker/engine.ts';
import { createRegistryTokens } from './execute/ecr-token.ts';
import { createLimit } from './execute/limit.ts';
import { createPuller } from './execute/pull.ts';
import type { Hands } from './execute/types.ts';
import { openInstanceFile } from './state/instance.ts';
import { openTaskFiles } from './state/task-files.ts';
import { createTasks } from './tasks.ts';
import { createMeasurer } from './telemetry/measure.ts';
import { createTelemetrySession } from './telemetry/session.ts';
import type { Agent, AgentOptions } from './types.ts';

const pullsAtOnce = 4;
const launchesAtOnce = 8;
const defaultMeasureEveryMs = 5_000;
const defaultKeepStoppedMs = 10 * 60_000;

/** Makes the agent of this machine. Nothing is touched until `run`. */
export function createAgent(options: AgentOptions): Agent {
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
    const instance = await openInstanceFile(options.dataDir, options.cluster);
    const { agentId } = instance.current();
    const engine = createEngine({ dockerHost: options.dockerHost });
    const api = createControlApi(options);
    const membership = createMembership({
      api,
      engine,
      instance,
      attributes: options.attributes ?? {},
      address: async () => options.address ?? (await localAddressTowards(options.endpoint)),
      offer: options.offer ?? {},
      clock,
      log,
    });
    const hands: Hands = {
      engine,
      puller: createPuller({
        engine,
        tokens: createRegistryTokens(options),
        clock,
        log,
        limit: createLimit(pullsAtOnce),
      }),
      reporter: api,
      owner: () => ({ agentId, instanceArn: membership.arn(), bindAddress: options.bindAddress }),
      clock,
      log,
      launchLimit: createLimit(launchesAtOnce),
    };
    const tasks = createTasks({
      hands,
      files: openTaskFiles({ dataDir: options.dataDir, log }),
      agentId,
      keepStoppedMs: options.keepStoppedMs ?? defaultKeepStoppedMs,
    });
    const identity = { region: options.region, credentials: options.credentials };
    const services: Service[] = [
      createAcsSession({ tasks, instance, api, membership, identity, clock, log, onConnected: () => becomeReady() }),
      createTelemetrySession({
        membership,
        measurer: createMeasurer(clock),
        workers: tasks.workers,
        cluster: options.cluster,
        identity,
        everyMs: options.measureEveryMs ?? defaultMeasureEveryMs,
        clock,
        log,
      }),
      tasks.watcher,
    ];
    try {
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
