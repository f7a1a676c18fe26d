// The door of `containers`.
export { createContainers } from './create.ts';
export { containersMigrations } from './schema.ts';
export type {
  AgentConnection,
  Alarm,
  AlarmState,
  AlarmWatch,
  ContainerReading,
  Containers,
  ContainersOptions,
  MachineGroup,
  TaskRoles,
} from './types.ts';
export type { ExternalScheduler } from './placement/scheduler.ts';
