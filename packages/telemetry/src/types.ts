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

/** The last reading of every container that was heard of in the last minute; bounded. */
export interface MeasurementBoard extends MeasurementSink {
  latest(query: MeasurementQuery): readonly Measurement[];
}
