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
