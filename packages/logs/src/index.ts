// The door of `logs`.
export { createLogs, type Logs, type LogsOptions } from './create.ts';
export { logsMigrations } from './schema.ts';
