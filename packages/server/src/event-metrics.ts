// Counts the events of the outbox, so that their flow can be seen until rules and targets take them.
import type { Meter } from '@longshore/base';
import type { OutboxEvent } from '@longshore/store';

/** A subscriber of the outbox relay. */
export function eventMetrics(meter: Meter): {
  readonly id: string;
  deliver(events: readonly OutboxEvent[]): Promise<void>;
} {
  const events = meter.counter('longshore_events_total', 'Events published', ['source', 'detail_type']);
  return {
    id: 'event-metrics',
    async deliver(batch) {
      for (const { source, detailType } of batch) events.add(1, { source, detail_type: detailType });
    },
  };
}
