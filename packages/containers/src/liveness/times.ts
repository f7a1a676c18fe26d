// When an agent counts as silent, and when its instance counts as lost. Pure arithmetic; what it means is told in
// design/task-model.md. The figures follow Nomad: a time to live of ten seconds and more, as many again of grace, heartbeats
// spread so that all agents together send at most fifty a second, and minutes of grace after the control plane was away.

export interface LivenessTimes {
  /** An agent that says nothing for so long is disconnected (longer in large fleets). */
  readonly ttlMs: number;
  /** An instance whose agent is disconnected for so long is lost. */
  readonly lostAfterMs: number;
  /** The same, after the control plane itself was away: agents first need to find their way back. */
  readonly returnGraceMs: number;
}

export const usualTimes: LivenessTimes = { ttlMs: 20_000, lostAfterMs: 30_000, returnGraceMs: 300_000 };

const heartbeatsPerSecond = 50;
/** Amazon's agent takes a control plane that is silent for a minute or two for dead. */
const longestBeatMs = 45_000;

/** The pause between two heartbeats to one agent when this replica has `agents` connections. */
export function heartbeatEveryMs(times: LivenessTimes, agents: number): number {
  const spread = (agents / heartbeatsPerSecond) * 1000;
  return Math.max(1, Math.min(Math.max(times.ttlMs / 2, spread), Math.max(times.ttlMs / 2, longestBeatMs)));
}

/** How long an agent may be silent: it has half its time to live to answer a heartbeat. */
export function silenceMs(times: LivenessTimes, agents: number): number {
  return heartbeatEveryMs(times, agents) + times.ttlMs / 2;
}

/** A round of the watch that comes so late means that the control plane itself stood still. */
export function stoodStill(times: LivenessTimes, sinceLastRoundMs: number): boolean {
  return sinceLastRoundMs > Math.max(times.ttlMs, 5_000);
}
