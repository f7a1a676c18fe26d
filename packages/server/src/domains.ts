// Where domains meet: each is built from the settings, and what it needs of another is handed to it as a small interface.
import { createAwsEndpoint, createVerifier } from '@longshore/aws';
import type { AccountId, Clock, Logger } from '@longshore/base';
import { openDirectoryBlobStore, openS3BlobStore } from '@longshore/blobs';
import { type Containers, createContainers } from '@longshore/containers';
import type { Identity } from '@longshore/identity';
import type { Keys } from '@longshore/keys';
import { createLogs } from '@longshore/logs';
import { createRegistry } from '@longshore/registry';
import type { Store } from '@longshore/store';
import type { MeasurementBoard } from '@longshore/telemetry';
import { longshoreApi } from './api/longshore.ts';
import { createAuditTrail } from './audit-trail.ts';
import type { DataDir } from './data-dir.ts';
import { externalScheduler } from './external-scheduler.ts';
import type { Metrics } from './metrics.ts';
import { prometheusAlarms } from './prometheus-alarms.ts';
import { replicaName } from './replica.ts';
import type { Settings } from './settings.ts';
import { taskRoles } from './task-roles.ts';
import { version } from './version.ts';
import { wireBalancing } from './wire-balancing.ts';
import { wireDiscovery } from './wire-discovery.ts';
import { wireMachines } from './wire-machines.ts';

export interface DomainInputs {
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

/** Builds the domains and wires what each needs of the others; they are recovered, their loops are not started. */
export async function buildDomains(inputs: DomainInputs) {
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
    replicaUrl: settings.replicaUrl,
    taskNetwork: settings.taskNetwork,
    onReadings: (readings) => board.record(readings),
    scheduler: externalScheduler(settings),
    alarms:
      settings.prometheus === undefined
        ? undefined
        : prometheusAlarms({ url: settings.prometheus, operator, clock, log }),
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

export type Domains = Awaited<ReturnType<typeof buildDomains>>;
