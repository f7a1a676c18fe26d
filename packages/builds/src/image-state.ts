// The image as far as the build file has been read: the settings that become its OCI config (image-spec, config.md), and the
// variables that later lines may use.

export interface ImageState {
  readonly env: ReadonlyMap<string, string>;
  /** Declared with ARG; seen by later lines but no part of the image. */
  readonly args: ReadonlyMap<string, string | undefined>;
  readonly labels: ReadonlyMap<string, string>;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  /** Absolute. */
  readonly workingDir: string;
  readonly user: string;
  readonly shell: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly stopSignal?: string;
  readonly healthcheck?: Healthcheck;
  readonly author?: string;
}

/** Docker's addition to the OCI config. Durations in nanoseconds. */
export interface Healthcheck {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The state after `FROM scratch`. */
export function scratchState(): ImageState {
  return {
    env: new Map([['PATH', defaultPath]]),
    args: new Map(),
    labels: new Map(),
    exposedPorts: [],
    volumes: [],
    workingDir: '/',
    user: '',
    shell: ['/bin/sh', '-c'],
  };
}

/** A variable's value: ENV wins over ARG. */
export function lookupVariable(state: ImageState, name: string): string | undefined {
  return state.env.get(name) ?? state.args.get(name);
}
