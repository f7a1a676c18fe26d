// The composition root: builds every part from the settings, wires them, starts them in order and stops them in the
// reverse order. The only place where domains meet.
import { createAgent } from '@longshore/agent';
import { createAwsEndpoint, createVerifier } from '@longshore/aws';
import {
  type AccountId,
  type Clock,
  errorText,
  type Logger,
  type Service,
  systemClock,
  UserError,
} from '@longshore/base';
import { openDirectoryBlobStore, openS3BlobStore } from '@longshore/blobs';
import { balancingMigrations } from '@longshore/balancing';
import { discoveryMigrations } from '@longshore/discovery';
import { type Containers, containersMigrations, createContainers } from '@longshore/containers';
import { createIdentity, type Identity, identityMigrations } from '@longshore/identity';
import { createKeys, type Keys, keysMigrations } from '@longshore/keys';
import { createLogs, type Logs, logsMigrations } from '@longshore/logs';
import { createRegistry, type Registry, registryMigrations } from '@longshore/registry';
import { openStore, outboxRelay, type Store, storeMigrations } from '@longshore/store';
import { createMeasurementBoard, type MeasurementBoard, measurementMetrics, metricsText } from '@longshore/telemetry';
import { agentRunning } from './agent-settings.ts';
import { longshoreApi } from './api/longshore.ts';
import { createAuditTrail } from './audit-trail.ts';
import { type DataDir, masterKey, openDataDir, removeRunning, writeCredentials, writeRunning } from './data-dir.ts';
import { drain } from './drain.ts';
import { eventMetrics } from './event-metrics.ts';
import { readExternalKeys } from './external-keys.ts';
import { externalScheduler } from './external-scheduler.ts';
import { helloPending, startHello } from './hello-start.ts';
import { httpServer } from './http.ts';
import { isLoopback, listenUrl } from './listen.ts';
import { localAgentPolicy } from './local-agent.ts';
import { mayScrape } from './metrics-access.ts';
import { type Metrics, prometheusMetrics } from './metrics.ts';
import { replicaName } from './replica.ts';
import { type ServiceGroup, serviceGroup } from './service-group.ts';
import type { Settings } from './settings.ts';
import { serveAgentSockets } from './sockets.ts';
import { taskRoles } from './task-roles.ts';
import { version } from './version.ts';
import { wireBalancing } from './wire-balancing.ts';
import { wireMachines } from './wire-machines.ts';
import { wireDiscovery } from './wire-discovery.ts';
import { scrapeContext } from './wire-request.ts';

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
    const url = await listen(parts, { settings, metrics, board, identity, operator: account.id, clock, log, undo });
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

interface DomainInputs {
  readonly settings: Settings;
  readonly data: DataDir;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly board: MeasurementBoard;
  readonly identity: Identity;
  readonly keys: Keys;
  readonly operator: AccountId;
  readonly clock: Clock;
  readonly log: Logger;
  readonly undo: (() => Promise<void>)[];
}

async function buildDomains(inputs: DomainInputs) {
  const { settings, data, store, metrics, board, identity, keys, operator, clock, log, undo } = inputs;
  const { region } = settings;
  const replica = await replicaName(data);
  const blobs =
    settings.blobs === undefined
      ? await openDirectoryBlobStore({ dir: data.blobsDir, log })
      : await openS3BlobStore({ url: settings.blobs, owner: replica, clock, log });
  undo.push(() => blobs.close());
  const audit = createAuditTrail({ store, clock, log, meter: metrics.meter, region });
  const registry = createRegistry({
    store,
    blobs,
    keys: keys.dataKeys,
    tokens: identity.registryTokens,
    authorizer: identity.authorizer,
    clock,
    log,
    meter: metrics.meter,
    region,
    uploadTtlMs: settings.uploadTtl,
    audit,
    accessLog: settings.accessLog,
    collection: { graceMs: settings.collectGrace, everyMs: settings.collectEvery },
    pullThrough: {
      readSecret: identity.readSecret,
      mayUsePrivate: (account) => settings.pullThroughPrivate || account === operator,
      insecure: new Set(settings.pullThroughInsecure),
      tagTtlMs: settings.pullThroughTagTtl,
      negativeTtlMs: 30_000,
    },
  });
  await registry.recover();
  const machineAddress = (of: string, id: string) => containers.machineAddress(of, id);
  const balancing = await wireBalancing({ settings, data, store, replica, operator, clock, log, machineAddress });
  const machines = await wireMachines({ settings, dataDir: data.path, identity, operator, clock, log });
  const discovery = wireDiscovery({ settings, store, balancing, clock, log });
  const containers: Containers = createContainers({
    store,
    authorizer: identity.authorizer,
    clock,
    log,
    meter: metrics.meter,
    region,
    replica,
    taskNetwork: settings.taskNetwork,
    onReadings: (readings) => board.record(readings),
    scheduler: externalScheduler(settings),
    taskRoles: taskRoles(identity),
    loadBalancing: balancing.tasks,
    serviceDiscovery: discovery.tasks,
    liveness: {
      ttlMs: settings.agentTtl,
      lostAfterMs: settings.agentLostAfter,
      returnGraceMs: settings.agentReturnGrace,
    },
    machineGroup: machines.groupOf,
    scaleInAfterMs: settings.scaleInAfter,
  });
  await containers.recover(operator);
  const logs = createLogs({ store, clock, log, region });
  const startedAt = clock.now();
  const status = async (account: AccountId) => ({
    version,
    startedAt,
    store: store.kind,
    region,
    registry: await registry.summary(account),
    containers: await containers.summary(account),
  });
  const aws = createAwsEndpoint({
    services: [
      identity.sts,
      identity.iam,
      identity.secrets,
      keys.kms,
      registry.ecr,
      containers.ecs,
      logs.api,
      balancing.elb,
      discovery.cloudMap,
      longshoreApi({ identity, board, operator, status, registry, containers }),
    ],
    verifier: createVerifier({ credentials: identity.credentials, clock, region }),
    authorizer: identity.authorizer,
    replayGuard: identity.replayGuard,
    region,
    clock,
    log,
    meter: metrics.meter,
    audit,
  });
  return {
    aws,
    registry,
    containers,
    logs,
    network: [...balancing.services, ...discovery.services],
    audit: audit.service,
    machines,
  };
}

type Domains = Awaited<ReturnType<typeof buildDomains>>;

async function listen(
  { aws, registry, containers }: Domains,
  { settings, metrics, board, identity, operator, clock, log, undo }: Omit<DomainInputs, 'data' | 'store' | 'keys'>,
): Promise<string> {
  let ready = false;
  const { publicUrl } = settings;
  const app = httpServer({
    aws,
    handleOci: registry.handleOci,
    async metrics(authorization, request) {
      const context = scrapeContext(request, clock.now());
      const access = {
        credentials: identity.credentials,
        authorizer: identity.authorizer,
        operator,
        region: settings.region,
      };
      if (!(await mayScrape(authorization, access, context))) return undefined;
      return {
        contentType: metrics.contentType,
        text: (await metrics.expose()) + metricsText(measurementMetrics(board)),
      };
    },
    isReady: () => ready,
    publicUrl,
    log,
  });
  serveAgentSockets(app.server, { aws, containers, publicUrl, log });
  try {
    await app.listen(settings.listen);
  } catch (error) {
    await app.close();
    throw new UserError(
      `Cannot listen on ${settings.listen.host}:${settings.listen.port}: ${errorText(error)}`,
      'Is Longshore running already? Choose another address with --listen HOST:PORT.',
    );
  }
  undo.push(async () => {
    ready = false;
    await containers.closeAgents();
    await drain(app, clock);
  });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.listen.port;
  ready = true;
  return listenUrl({ host: settings.listen.host === '0.0.0.0' ? '127.0.0.1' : settings.listen.host, port });
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

interface AgentInputs {
  readonly settings: Settings;
  readonly url: string;
  readonly data: DataDir;
  readonly identity: Identity;
  readonly account: AccountId;
  readonly clock: Clock;
  readonly log: Logger;
}

async function startAgent(
  group: ServiceGroup,
  { settings, url, data, identity, account, clock, log }: AgentInputs,
): Promise<void> {
  const policy = localAgentPolicy(settings.region, account, settings.cluster);
  group.start(
    createAgent({
      endpoint: url,
      region: settings.region,
      credentials: await identity.ensureServiceUser(account, 'longshore-agent', policy),
      cluster: settings.cluster,
      dataDir: data.agentDir,
      dockerHost: settings.dockerHost,
      bindAddress: publishAddress(settings),
      ...(settings.advertiseAddress === undefined ? {} : { address: settings.advertiseAddress }),
      taskEndpoint: settings.taskEndpoint,
      preparedNetworks: settings.preparedNetworks,
      measureEveryMs: settings.measureEvery,
      ...agentRunning(settings),
      clock,
      log,
    }),
  );
}

function publishAddress(settings: Settings): string {
  return settings.publishAddress ?? (isLoopback(settings.listen.host) ? '127.0.0.1' : '0.0.0.0');
}
