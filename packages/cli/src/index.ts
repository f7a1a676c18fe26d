// The door of `cli`.
export { processIo } from './process-io.ts';
export { runCli } from './run-cli.ts';
export type {
  AgentPart,
  AgentStart,
  CliIo,
  CliParts,
  LogLevel,
  RunningServer,
  ServerPart,
  ServerSettings,
  ServerStart,
  SettingDescription,
} from './types.ts';
