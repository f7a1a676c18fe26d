// Starts the agent of this machine inside the server's process, as a user of its own.
import { createAgent } from '@longshore/agent';
import type { AccountId, Clock, Logger } from '@longshore/base';
import type { Identity } from '@longshore/identity';
import { agentRunning } from './agent-settings.ts';
import type { DataDir } from './data-dir.ts';
import { isLoopback } from './listen.ts';
import { localAgentPolicy } from './local-agent.ts';
import type { ServiceGroup } from './service-group.ts';
import type { Settings } from './settings.ts';

interface AgentInputs {
  readonly settings: Settings;
  readonly url: string;
  readonly data: DataDir;
  readonly identity: Identity;
  readonly account: AccountId;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function startAgent(
  group: ServiceGroup,
  { settings, url, data, identity, account, clock, log }: AgentInputs,
): Promise<void> {
  const policy = localAgentPolicy(settings.region, account, settings.cluster);
  group.start(
    createAgent({
      endpoint: url,
      region: settings.region,
      credentials: await identity.ensureServiceUser(account, 'longshore-agent', policy),
      cluster: settings.cluster,
      dataDir: data.agentDir,
      dockerHost: settings.dockerHost,
      bindAddress: publishAddress(settings),
      ...(settings.advertiseAddress === undefined ? {} : { address: settings.advertiseAddress }),
      taskEndpoint: settings.taskEndpoint,
      preparedNetworks: settings.preparedNetworks,
      measureEveryMs: settings.measureEvery,
      ...agentRunning(settings),
      clock,
      log,
    }),
  );
}

/** Where ports of containers are bound: by default as openly as Longshore itself listens. */
export function publishAddress(settings: Settings): string {
  return settings.publishAddress ?? (isLoopback(settings.listen.host) ? '127.0.0.1' : '0.0.0.0');
}
