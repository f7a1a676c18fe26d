// The outbox: an event is a row written in the same transaction as the change it tells of, so neither is without the other.
import { sql } from './sql.ts';
import type { OutboxEvent, Row, Step } from './types.ts';

/** An event as the relay hands it on. */
export interface StoredEvent extends OutboxEvent {
  /** Unique and growing in one database; consumers use it to tell a repeated delivery. */
  readonly id: number;
}

/** The step that records `event`; put it into the write of the change it tells of. */
export function emitEvent(event: OutboxEvent): Step {
  const { source, detailType, account, region, time, resources, detail } = event;
  return {
    sql: sql`INSERT INTO outbox (source, detail_type, account, region, time, resources, detail)
      VALUES (${source}, ${detailType}, ${account}, ${region}, ${time}, ${JSON.stringify(resources)}, ${JSON.stringify(detail)})`,
    expect: 1,
  };
}

/** A row of the outbox as the database gives it. */
export interface OutboxRow extends Row {
  id: number;
  source: string;
  detail_type: string;
  account: string;
  region: string;
  time: number;
  resources: string;
  detail: string;
}

/** What not every subscriber looks at is parsed when it is asked for. */
export function storedEvent(row: OutboxRow): StoredEvent {
  let resources: readonly string[] | undefined;
  let detail: Readonly<Record<string, unknown>> | undefined;
  return {
    id: row.id,
    source: row.source,
    detailType: row.detail_type,
    account: row.account,
    region: row.region,
    time: row.time,
    get resources() {
      resources ??= JSON.parse(row.resources) as string[];
      return resources;
    },
    get detail() {
      detail ??= JSON.parse(row.detail) as Record<string, unknown>;
      return detail;
    },
  };
}
