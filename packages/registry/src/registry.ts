// Puts the registry together from what it is given.
import { createArrivals } from './arrivals.ts';
import { createCollector } from './collection/collector.ts';
import { createCounters } from './counters.ts';
import type { Core } from './core.ts';
import { ecrService } from './api/service.ts';
import { createLayerKeys } from './encryption/layer-keys.ts';
import { rewrapLayers, rewrapLoop } from './encryption/rewrap.ts';
import { createSealing } from './encryption/sealing.ts';
import { handleOci } from './oci/handler.ts';
import { createPageMemory } from './oci/list-page.ts';
import { answersTogether } from './oci/answers.ts';
import { openKernelCopy } from './oci/kernel-copy.ts';
import { manifestBodies } from './oci/manifest-body.ts';
import { createPullEvents } from './pull-events.ts';
import { createPullThroughState } from './pull-through/state.ts';
import { defaultQuotas } from './limits.ts';
import { lifecycleService } from './lifecycle/apply.ts';
import { createHolds, holdRenewal } from './holds.ts';
import { createImageMemory } from './image-memory.ts';
import { createPullRecorder } from './pulls.ts';
import { recover } from './recovery.ts';
import { createPolicyReader } from './repository-policy.ts';
import { createSealer } from './seal.ts';
import { reportStorage } from './storage-report.ts';
import { summarize } from './summary.ts';
import type { CollectionOptions, Registry, RegistryOptions } from './types.ts';
import { uploadExpiry } from './uploads.ts';
import { createImageWriter } from './writer.ts';

const defaultCollection: CollectionOptions = Object.freeze({ graceMs: 24 * 3_600_000, everyMs: 3_600_000 });

/** What the registry's functions work with, from what the registry is given. */
export function createCore(options: RegistryOptions): Core {
  const { store, clock, log, meter, collection = defaultCollection } = options;
  const keys = createLayerKeys(options.keys, clock);
  return {
    ...options,
    keys,
    sealing: createSealing({ store, blobs: options.blobs, keys }),
    graceMs: collection.graceMs,
    counters: createCounters(meter),
    sealer: createSealer(store),
    arrivals: createArrivals(clock),
    holds: createHolds(),
    imageMemory: createImageMemory(store),
    pages: createPageMemory(store),
    endAnswer: answersTogether(),
    manifestBodies: manifestBodies(),
    kernelCopy: openKernelCopy(),
    pulls: createPullRecorder({ store, clock, log }),
    pullEvents: createPullEvents(options),
    pullThrough: createPullThroughState({ store, clock, log }, options.pullThrough),
    readPolicy: createPolicyReader(),
    quotas: { ...defaultQuotas, ...options.quotas },
  };
}

/** The registry over a migrated store (`registryMigrations`) and a blob store. */
export function createRegistry(options: RegistryOptions): Registry {
  const { store, collection = defaultCollection } = options;
  const core = createCore(options);
  const collector = createCollector(core, collection.everyMs);
  return {
    ecr: ecrService(core),
    handleOci: (request, response) => handleOci(core, request, response),
    services: [
      uploadExpiry(core),
      core.pulls.service,
      core.pullEvents.service,
      core.pullThrough.service,
      collector.service,
      lifecycleService(core),
      rewrapLoop(core),
      holdRenewal(core),
    ],
    recover: () => recover(core),
    imageWriter: (principal, repository) => createImageWriter(core, principal, repository),
    summary: (account) => summarize(store, account),
    storage: (account, after, count) => reportStorage(store, account, after, count),
    collect: (budgetMs) => collector.collect(budgetMs),
    rewrap: (before, budgetMs) => rewrapLayers(core, before, budgetMs),
    previewCollection: (limit) => collector.preview(limit),
  };
}
