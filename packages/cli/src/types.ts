// The nouns of the command line, and what its starter (`bin/longshore.ts`) must hand in. The parts are declared here by
// what the commands need, so that this package imports neither the server nor the agent.
import type { Clock, Logger, Service } from '@longshore/base';

/** One setting of the server, as the help shows it. */
export interface SettingDescription {
  /** Name in the config file, and of the flag in camel case. */
  readonly key: string;
  readonly env: string;
  /** As commander writes it: `--data <dir>`, `--no-hello`. */
  readonly flag: string;
  readonly description: string;
  readonly default: string;
}

/** The settings that the command line itself looks at; the server's own have more. */
export interface ServerSettings {
  readonly data: string;
  readonly logLevel: LogLevel;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ServerStart {
  readonly log: Logger;
  /** Told what happens while a first start is under way, a line each. */
  readonly onProgress: (line: string) => void;
}

/** A server that runs in this process. */
export interface RunningServer {
  readonly url: string;
  /** Resolves when the server has ended, after `stop` or by a failure. */
  readonly done: Promise<void>;
  /** Stops in order; the containers run on. */
  stop(): Promise<void>;
  /** The hello service's URL at a first start; undefined when there is none to start. Rejects with why it does not run. */
  readonly hello: Promise<string | undefined>;
}

/** What `longshore up` needs of the server package. */
export interface ServerPart {
  readonly settingsTable: readonly SettingDescription[];
  /** Throws `UserError` on a wrong value. */
  readSettings(sources: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly file?: unknown;
    readonly fileName?: string;
  }): ServerSettings;
  /** Logs as JSON lines on standard error. */
  consoleLogger(level: LogLevel): Logger;
  /** Throws `UserError` for what the operator can mend, with nothing left running. */
  startServer(settings: ServerSettings, start: ServerStart): Promise<RunningServer>;
}

/** When an agent asks the registry for an image. */
export type ImagePull = 'default' | 'always' | 'once' | 'prefer-cached';

export interface AgentStart {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly cluster: string;
  readonly dataDir: string;
  readonly dockerHost: string;
  readonly bindAddress?: string;
  readonly gpus?: readonly string[];
  readonly taskFiles?: string;
  readonly taskFilesS3?: string;
  readonly pullBehavior?: ImagePull;
  readonly preparedNetworks?: number;
  readonly taskEndpoint?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly address?: string;
  readonly offer?: { readonly cpu?: number; readonly memory?: number };
  readonly clock: Clock;
  readonly log: Logger;
}

/** What `longshore agent` needs of the agent package. */
export interface AgentPart {
  createAgent(options: AgentStart): Service & { ready(): Promise<void> };
}

/** The terminal, or what stands for it. */
export interface CliIo {
  /** Results. */
  out(text: string): void;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** Width of the terminal behind `out`; undefined if it is none (then tables are not cut). */
  readonly columns: number | undefined;
  /** Its height. */
  readonly rows: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls `handler` on SIGINT and SIGTERM, instead of the process ending; the answer undoes that. */
  onInterrupt(handler: () => void): () => void;
}

export interface CliParts {
  readonly version: string;
  /** The program that `up --detach` starts again, as `node PROGRAM up …`. */
  readonly program: string;
  up(): Promise<ServerPart>;
  agent(): Promise<AgentPart>;
  readonly io: CliIo;
  readonly clock: Clock;
}
