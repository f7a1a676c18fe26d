// What the registry counts. "Only missing layers travel and are stored" can be read off the first four.
import type { Counter, Histogram, Meter } from '@longshore/base';

export interface Counters {
  readonly receivedBytes: Counter;
  readonly storedBytes: Counter;
  readonly blobsStored: Counter;
  readonly blobsMounted: Counter;
  readonly blobsRemoved: Counter;
  readonly removedBytes: Counter;
  readonly blobsServed: Counter;
  readonly servedBytes: Counter;
  readonly manifestsStored: Counter;
  readonly manifestsServed: Counter;
  readonly requests: Counter;
  readonly requestSeconds: Histogram;
  readonly upstreamBytes: Counter;
  readonly upstreamLayers: Counter;
}

export function createCounters(meter: Meter): Counters {
  const counter = (name: string, help: string) => meter.counter(`longshore_registry_${name}`, help);
  return {
    receivedBytes: counter('blob_received_bytes_total', 'Bytes of blobs received from clients'),
    storedBytes: counter('blob_stored_bytes_total', 'Bytes of blobs that were not stored before'),
    blobsStored: counter('blobs_stored_total', 'Blobs that were not stored before'),
    blobsMounted: counter('blob_mounted_total', 'Blobs linked from another repository without an upload'),
    blobsRemoved: counter('blobs_removed_total', 'Blobs removed by collection'),
    removedBytes: counter('blob_removed_bytes_total', 'Bytes of blobs removed by collection'),
    blobsServed: counter('blobs_served_total', 'Blobs, or ranges of them, sent to clients'),
    servedBytes: counter('blob_served_bytes_total', 'Bytes of blobs sent to clients'),
    manifestsStored: counter('manifests_stored_total', 'Manifests that were not in their repository before'),
    manifestsServed: counter('manifests_served_total', 'Manifests sent to clients'),
    requests: meter.counter('longshore_registry_requests_total', 'Requests under /v2/ answered (499: client gone)', [
      'method',
      'route',
      'code',
    ]),
    requestSeconds: meter.histogram('longshore_registry_request_seconds', 'Time until an answer under /v2/ had left', [
      'method',
      'route',
    ]),
    upstreamBytes: counter('upstream_bytes_total', 'Bytes of layers fetched from upstreams'),
    upstreamLayers: counter('upstream_layers_total', 'Layers fetched from upstreams and stored'),
  };
}
