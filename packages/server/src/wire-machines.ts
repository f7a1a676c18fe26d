// Machine groups from the settings to capacity providers: which kind each is, whose it is, and what its machines need.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { type AccountId, type Clock, errorText, type Logger, UserError } from '@longshore/base';
import type { MachineGroup } from '@longshore/containers';
import type { Identity } from '@longshore/identity';
import { isLoopback, listenUrl } from './listen.ts';
import { localAgentPolicy } from './local-agent.ts';
import { commandGroup } from './machines/command.ts';
import { localGroup } from './machines/local.ts';
import { type GroupSettings, readMachineGroups } from './machines/read.ts';
import type { RunningGroup } from './machines/types.ts';
import type { Settings } from './settings.ts';

export interface MachineInputs {
  readonly settings: Settings;
  readonly dataDir: string;
  readonly identity: Identity;
  readonly operator: AccountId;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Machines {
  readonly groupOf: (account: string, name: string) => MachineGroup | undefined;
  /** Brings the machines of local groups back to life; in the background, because an Engine takes seconds. */
  resume(): void;
}

const program = fileURLToPath(new URL('../../../bin/longshore', import.meta.url));

/** Where machines find this server. Throws `UserError` if that is known to be nowhere. */
function endpointOf(group: GroupSettings, settings: Settings): string {
  const { listen, publicUrl } = settings;
  const url = group.endpoint ?? publicUrl;
  if (url !== undefined) return url;
  if (isLoopback(listen.host) || listen.host === '0.0.0.0' || listen.port === 0)
    throw new UserError(
      `The machines of group ${group.name} cannot reach this server at ${listen.host}:${listen.port}.`,
      'Listen on an address that they reach (--listen), or name one (--public-url, or "endpoint" in the group).',
    );
  return listenUrl(listen);
}

/** Reads the groups and prepares this host for them. */
export async function wireMachines(inputs: MachineInputs): Promise<Machines> {
  const { settings, identity, operator, clock, log } = inputs;
  const groups = new Map<string, { readonly account: string; readonly group: RunningGroup }>();
  for (const each of await readMachineGroups(settings.machineGroups)) {
    const account = (each.account ?? operator) as AccountId;
    const endpoint = endpointOf(each, settings);
    const { minSize, maxSize, name } = each;
    const bounds = { name, minSize, maxSize, size: { cpu: each.cpu, memory: each.memory } };
    const surroundings = async () => ({
      endpoint,
      region: settings.region,
      credentials: await identity.ensureServiceUser(
        account,
        'longshore-machines',
        localAgentPolicy(settings.region, account, '*'),
      ),
      program,
      clock,
    });
    const group =
      each.kind === 'local'
        ? localGroup({
            ...bounds,
            ...each,
            folder: join(inputs.dataDir, 'machines'),
            surroundings,
            log,
            size: bounds.size,
          })
        : commandGroup({
            ...bounds,
            command: each.command,
            timeoutMs: each.timeoutSeconds * 1000,
            endpoint,
            region: settings.region,
          });
    await group.prepare();
    groups.set(name, { account, group });
  }
  return {
    groupOf(account, name) {
      const found = groups.get(name);
      return found?.account === account ? found.group : undefined;
    },
    resume() {
      for (const [name, { group }] of groups)
        void group.resume().catch((error: unknown) => {
          log.error({ group: name, problem: errorText(error) }, 'the machines of a group were not taken up');
        });
    },
  };
}
