// The door of `containers`.
export type { AgentConnection, ContainerReading, Containers, ContainersOptions } from './types.ts';
