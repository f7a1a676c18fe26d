// The composition root: opens the store, builds every part from the settings, starts them in order and stops them in the
// reverse order.
import {
  type AccountId,
  type Clock,
  errorText,
  type Logger,
  type Service,
  systemClock,
  UserError,
} from '@longshore/base';
import { balancingMigrations } from '@longshore/balancing';
import { discoveryMigrations } from '@longshore/discovery';
import { type Containers, containersMigrations } from '@longshore/containers';
import { createIdentity, type Identity, identityMigrations } from '@longshore/identity';
import { createKeys, type Keys, keysMigrations } from '@longshore/keys';
import { type Logs, logsMigrations } from '@longshore/logs';
import { type Registry, registryMigrations } from '@longshore/registry';
import { openStore, outboxRelay, type Store, storeMigrations } from '@longshore/store';
import { createMeasurementBoard } from '@longshore/telemetry';
import {
  type DataDir,
  lockDataDir,
  masterKey,
  openDataDir,
  removeRunning,
  writeCredentials,
  writeRunning,
} from './data-dir.ts';
import { buildDomains } from './domains.ts';
import { eventMetrics } from './event-metrics.ts';
import { readExternalKeys } from './external-keys.ts';
import { helloPending, startHello } from './hello-start.ts';
import { type Metrics, prometheusMetrics } from './metrics.ts';
import { openPort } from './open-port.ts';
import { type ServiceGroup, serviceGroup } from './service-group.ts';
import type { Settings } from './settings.ts';
import { publishAddress, startAgent } from './start-agent.ts';
import { version } from './version.ts';

export interface StartOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  /** Told what happens while the first start is under way, a line each. */
  readonly onProgress?: (line: string) => void;
}

/** A running server. */
export interface RunningServer {
  readonly url: string;
  readonly account: AccountId;
  readonly accessKeyId: string;
  /** Where things live. */
  readonly data: DataDir;
  /** The hello service's URL at a first start; undefined when there is none to start. Rejects with why it does not run. */
  readonly hello: Promise<string | undefined>;
  /** Resolves after a stop; rejects if a part failed for good. */
  readonly done: Promise<void>;
  /** Stops in order: no new requests, agents' sockets, loops, store. Containers run on. */
  stop(): Promise<void>;
}

/** Starts everything. Throws `UserError` for what the operator can mend, with nothing left running. */
export async function startServer(settings: Settings, options: StartOptions): Promise<RunningServer> {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const undo: (() => Promise<void>)[] = [];
  const unwind = async () => {
    for (const step of undo.toReversed()) await step();
  };
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  try {
    const data = await openDataDir(settings.data);
    const lock = lockDataDir(data);
    undo.push(async () => lock.release());
    const store = await openStore({ url: settings.store ?? `sqlite:${data.databaseFile}`, log });
    undo.push(() => store.close());
    await store.migrate([
      ...storeMigrations,
      ...identityMigrations,
      ...keysMigrations,
      ...registryMigrations,
      ...containersMigrations,
      ...logsMigrations,
      ...balancingMigrations,
      ...discoveryMigrations,
    ]);

    const metrics = prometheusMetrics();
    const board = createMeasurementBoard({ clock });
    const master = await masterKey(data);
    const identity = createIdentity({ store, clock, log, region: settings.region, masterKey: master });
    const keys = createKeys({
      store,
      authorizer: identity.authorizer,
      clock,
      log,
      region: settings.region,
      masterKey: master,
      external: await readExternalKeys(settings.externalKms),
    });
    const { account, rootKey, created } = await identity.bootstrap();
    await writeCredentials(data, { ...rootKey, account: account.id, region: settings.region });

    const parts = await buildDomains({
      settings,
      data,
      store,
      metrics,
      board,
      identity,
      keys,
      operator: account.id,
      clock,
      log,
      undo,
    });
    const group = serviceGroup(log, (service, error) => {
      log.error({ err: error, service: service.id }, 'a part of the server failed');
      failed.reject(
        new UserError(`${service.id} failed: ${errorText(error)}`, 'See the log; then start Longshore again.'),
      );
    });
    undo.push(() => group.stop());
    const url = await openPort(parts, { settings, metrics, board, identity, operator: account.id, clock, log, undo });
    startServices(group, {
      store,
      clock,
      log,
      metrics,
      identity,
      keys,
      registry: parts.registry,
      containers: parts.containers,
      logs: parts.logs,
      network: parts.network,
      audit: parts.audit,
    });
    parts.machines.resume();
    if (settings.agent) {
      await startAgent(group, { settings, url, data, identity, account: account.id, clock, log });
    }
    await writeRunning(data, { url, region: settings.region, account: account.id, version });
    undo.push(() => removeRunning(data));
    log.info({ url, account: account.id, store: store.kind }, 'Longshore is ready');

    const cancelHello = new AbortController();
    const pending = settings.hello && settings.agent && (await helloPending(data, created));
    const hello = pending
      ? startHello({
          data,
          endpoint: url,
          region: settings.region,
          cluster: settings.cluster,
          credentials: rootKey,
          principal: { account: account.id, arn: `arn:aws:iam::${account.id}:root`, userId: account.id, kind: 'root' },
          registry: parts.registry,
          publishAddress: publishAddress(settings),
          clock,
          log,
          signal: cancelHello.signal,
          onProgress: options.onProgress ?? (() => undefined),
        })
      : Promise.resolve(undefined);
    hello.catch(() => undefined);

    let stopped: Promise<void> | undefined;
    return {
      url,
      account: account.id,
      accessKeyId: rootKey.accessKeyId,
      data,
      hello,
      done: failed.promise,
      stop() {
        cancelHello.abort();
        stopped ??= unwind().then(
          () => failed.resolve(),
          (error: unknown) => failed.reject(error),
        );
        return stopped;
      },
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

interface ServiceInputs {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly identity: Identity;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly containers: Containers;
  readonly logs: Logs;
  /** Load balancing and service discovery. */
  readonly network: readonly Service[];
  readonly audit: Service;
}

function startServices(
  group: ServiceGroup,
  { store, clock, log, metrics, identity, keys, registry, containers, logs, network, audit }: ServiceInputs,
): void {
  group.start(outboxRelay({ store, log, clock, everyMs: 1000, subscribers: [eventMetrics(metrics.meter)] }));
  // First to start, last to stop: what the others do is still recorded.
  group.start(audit);
  const loops = [
    ...identity.services,
    ...keys.services,
    ...registry.services,
    ...network,
    ...containers.services,
    ...logs.services,
  ];
  for (const service of loops) group.start(service);
}
