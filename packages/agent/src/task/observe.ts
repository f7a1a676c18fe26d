// From the Engine's inspection of a container to what the agent calls observed. Pure.
import type { ContainerInspection } from '../docker/types.ts';
import { joinedHolder } from '../network/holders.ts';
import type { NetworkBinding, ObservedContainer } from './types.ts';

const health = { starting: 'starting', healthy: 'healthy', unhealthy: 'unhealthy' } as const;

function time(text: string): number | undefined {
  // The Engine writes "never" as the year 1.
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}

function bindingsOf(inspection: ContainerInspection): NetworkBinding[] {
  const ports = Object.entries(inspection.NetworkSettings.Ports ?? {});
  return ports.flatMap(([port, hosts]) => {
    const [number, protocol] = port.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    return (hosts ?? []).map((host) => ({
      bindIP: host.HostIp || '0.0.0.0',
      containerPort: Number(number),
      hostPort: Number(host.HostPort),
      protocol,
    }));
  });
}

function statusOf(state: ContainerInspection['State']): ObservedContainer['status'] {
  switch (state.Status) {
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running';
    case 'created':
      return 'created';
    default:
      return time(state.StartedAt) === undefined ? 'created' : 'exited';
  }
}

export function observe(inspection: ContainerInspection): ObservedContainer {
  const state = inspection.State;
  return {
    id: inspection.Id,
    status: statusOf(state),
    pid: state.Pid,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: state.Error,
    startedAt: time(state.StartedAt),
    finishedAt: time(state.FinishedAt),
    health: health[state.Health?.Status as keyof typeof health],
    bindings: bindingsOf(inspection),
    holder: joinedHolder(inspection.HostConfig.NetworkMode),
  };
}

/** A container that the Engine has just made and nobody has looked at yet. */
export function freshlyCreated(id: string, holder?: string): ObservedContainer {
  return { id, status: 'created', pid: 0, exitCode: 0, oomKilled: false, error: '', bindings: [], holder };
}
