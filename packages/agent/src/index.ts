// The door of `agent`.
export { createAgent } from './agent.ts';
export type { PullBehavior } from './execute/pull.ts';
export type { Agent, AgentOptions } from './types.ts';
