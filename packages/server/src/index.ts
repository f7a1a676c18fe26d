// The door of `server`.
export {
  defaultDataDir,
  readSettings,
  type SettingKey,
  type SettingRow,
  type SettingSources,
  type Settings,
  settingsTable,
} from './settings.ts';
export { type RunningServer, type StartOptions, startServer } from './start.ts';
export { consoleLogger } from './console-logger.ts';
export { listenUrl } from './listen.ts';
export { version } from './version.ts';
