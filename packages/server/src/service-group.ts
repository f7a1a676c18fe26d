// Runs services together and stops them in the reverse order of their start.
import type { Logger, Service } from '@longshore/base';

export interface ServiceGroup {
  start(service: Service): void;
  /** Stops everything, last started first; one that fails is logged and the rest still stops. */
  stop(): Promise<void>;
}

/** `onFailure` is told when a service ends with an error although nobody asked it to stop. */
export function serviceGroup(log: Logger, onFailure: (service: Service, error: unknown) => void): ServiceGroup {
  const started: { service: Service; ended: Promise<void> }[] = [];
  let stopping = false;

  async function watch(service: Service): Promise<void> {
    try {
      await service.run();
    } catch (error) {
      if (!stopping) onFailure(service, error);
    }
  }

  return {
    start(service) {
      started.push({ service, ended: watch(service) });
    },
    async stop() {
      stopping = true;
      for (const { service, ended } of started.toReversed()) {
        try {
          await service.stop();
          await ended;
        } catch (error) {
          log.error({ err: error, service: service.id }, 'a service did not stop cleanly');
        }
      }
    },
  };
}
