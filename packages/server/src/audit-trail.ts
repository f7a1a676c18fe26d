// The audit trail: who changed what, from where, with which result. Each entry is a line of the log at once, and an event
// in the shape that CloudTrail gives to EventBridge, written in rounds: a crash loses the events of a second, not the lines.
import type { AuditEntry, AuditTrail } from '@longshore/aws';
import { type Clock, type Logger, type LoopService, loopService, type Meter, newUuid } from '@longshore/base';
import { emitEvent, type Step, type Store } from '@longshore/store';

export interface AuditTrailParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly region: string;
}

const everyMs = 1_000;
const batch = 200;
/** Entries kept while the store does not take them; further ones are in the log alone, and counted. */
const maxPending = 10_000;
const identityTypes = { root: 'Root', user: 'IAMUser', role: 'AssumedRole' } as const;

/** The `detail` of an "AWS API Call via CloudTrail". */
function detailOf(entry: AuditEntry, region: string): Record<string, unknown> {
  const { principal, context, error } = entry;
  return {
    eventVersion: '1.08',
    userIdentity: {
      type: identityTypes[principal.kind],
      principalId: principal.userId,
      arn: principal.arn,
      accountId: principal.account,
    },
    eventTime: new Date(context.now).toISOString(),
    eventSource: `${entry.service}.amazonaws.com`,
    eventName: entry.operation,
    awsRegion: region,
    sourceIPAddress: context.sourceIp,
    userAgent: context.userAgent,
    ...(error ? { errorCode: error.code, errorMessage: error.message.slice(0, 1_000) } : {}),
    requestParameters: entry.parameters ?? null,
    responseElements: null,
    requestID: context.requestId,
    eventID: newUuid(),
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: entry.recipient,
    resources: entry.resources.map((ARN) => ({ ARN })),
  };
}

function stepOf(entry: AuditEntry, region: string): Step {
  return emitEvent({
    source: `aws.${entry.service}`,
    detailType: 'AWS API Call via CloudTrail',
    account: entry.recipient,
    region,
    time: entry.context.now,
    resources: entry.resources,
    detail: detailOf(entry, region),
  });
}

/** Makes the trail; `service` writes its events. */
export function createAuditTrail(parts: AuditTrailParts): AuditTrail & { readonly service: LoopService } {
  const { store, clock, log, meter, region } = parts;
  const entries = meter.counter('longshore_audit_entries_total', 'Calls that changed something, or were to', [
    'service',
    'result',
  ]);
  const missed = meter.counter('longshore_audit_events_missed_total', 'Audit entries that are in the log alone');
  let pending: AuditEntry[] = [];

  async function flush(): Promise<void> {
    while (pending.length > 0) {
      const taken = pending.slice(0, batch);
      await store.write(taken.map((entry) => stepOf(entry, region)));
      pending = pending.slice(taken.length);
    }
  }

  const loop = loopService({ id: 'audit-trail', everyMs, log, clock, step: flush });
  return {
    record(entry) {
      const { service, operation, principal, context, recipient, resources, parameters, error } = entry;
      const { requestId, sourceIp, userAgent } = context;
      const { arn } = principal;
      log.info(
        {
          audit: {
            requestId,
            sourceIp,
            userAgent,
            principal: arn,
            service,
            operation,
            recipient,
            resources,
            parameters,
            error,
          },
        },
        'audit',
      );
      entries.add(1, { service, result: error ? 'failed' : 'done' });
      if (pending.length < maxPending) pending.push(entry);
      else missed.add();
      if (pending.length === batch) loop.wake();
    },
    service: {
      ...loop,
      async stop() {
        await loop.stop();
        await flush();
      },
    },
  };
}
