// What shipping logs needs: where to, from where, and how far it got.

/** Where a container's output goes, read from its `awslogs` options. */
export interface LogTarget {
  readonly group: string;
  readonly stream: string;
  readonly createGroup: boolean;
  /** A line that matches begins an event; the lines after it belong to it. Each line is one if left out. */
  readonly begins?: ((line: string) => boolean) | undefined;
}

/** A line of output; `at` is the Engine's own writing of its time, to the nanosecond: texts of one length, in order. */
export interface OutputLine {
  readonly at: string;
  readonly text: string;
}

export interface OutputEvent {
  readonly at: string;
  readonly message: string;
}

/** CloudWatch Logs, as far as shipping needs it. */
export interface LogSink {
  /** Makes the stream (and the group, where that is asked). Throws `ResourceUnavailable` for a final "no". */
  prepare(target: LogTarget, credentials: Credentials | undefined, signal: AbortSignal): Promise<void>;
  put(
    target: LogTarget,
    events: readonly OutputEvent[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A container's output from the Engine, from a time on, until it ends. */
export interface LogSource {
  follow(
    containerId: string,
    options: { readonly tty: boolean; readonly since: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<OutputLine>;
  close(): void;
}
