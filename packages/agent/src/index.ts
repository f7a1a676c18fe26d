// The door of `agent`.
export { createAgent } from './agent.ts';
export type { PullBehavior } from './execute/pull.ts';
export { UpgradeRefused } from './control/socket.ts';
export { EngineError, EngineUnreachable } from './docker/errors.ts';
export type { Engine } from './docker/engine.ts';
export type { ContainerInspection, CreateBody, EngineEvent } from './docker/types.ts';
export type { Agent, AgentOptions } from './types.ts';
export type { AgentWorld } from './world.ts';
