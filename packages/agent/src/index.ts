// The door of `agent`.
export type { Agent, AgentOptions } from './types.ts';
