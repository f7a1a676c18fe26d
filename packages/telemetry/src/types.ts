// The nouns of telemetry that other packages see.

/** One reading of one container. Counters (`…Bytes`, `cpuSeconds`) count from the container's start. */
export interface Measurement {
  readonly account: string;
  readonly clusterArn: string;
  readonly containerInstanceArn: string;
  readonly taskArn: string;
  readonly family: string;
  /** Name of the service that the task belongs to, if any. */
  readonly serviceName?: string | undefined;
  readonly containerName: string;
  /** When the agent read it; milliseconds since the epoch. */
  readonly time: number;
  /** CPU used over the last interval, in percent of one core. */
  readonly cpuPercent: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Undefined without a limit. */
  readonly memoryLimitBytes?: number | undefined;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

/** Where measurements go. */
export interface MeasurementSink {
  record(batch: readonly Measurement[]): void;
}

export interface MeasurementQuery {
  readonly account: string;
  readonly clusterArn?: string;
  readonly taskArn?: string;
}

/** How full the board is. */
export interface BoardStatistics {
  /** Containers that have a current reading. */
  readonly series: number;
  /** Readings refused because the board was full, since the start. */
  readonly dropped: number;
  /** Readings ignored because the board already had one as new or newer, since the start. */
  readonly outdated: number;
}

/** The last reading of every container that was heard of in the last minute; bounded. */
export interface MeasurementBoard extends MeasurementSink {
  /** The current readings that match. Costs only as much as the account's, cluster's or task's own readings. */
  latest(query: MeasurementQuery): readonly Measurement[];
  /** The current readings of every account. For the operator's metrics, never for a tenant. */
  all(): readonly Measurement[];
  statistics(): BoardStatistics;
}
