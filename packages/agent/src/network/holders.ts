// Network holders: containers that do nothing but keep a network namespace open for others to join. The Engine makes a
// namespace in ten times the time that joining one takes, and joins only those of containers; so there is one for each
// namespace. They carry a label of their own, so that they are never taken for a task's containers.
import type { Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import { isStatus } from '../docker/errors.ts';
import type { ContainerSummary, CreateBody } from '../docker/types.ts';
import type { PauseRequest } from './task-network.ts';
import { tarOf } from '../tar.ts';
import { waitingProgram } from './holder-image.ts';

/** The label of holders; its value says whose they are. */
export const holderLabel = 'longshore.network-holder';
export const holderImage = { repository: 'longshore/network-holder', tag: '1' } as const;

export interface Holders {
  /** Makes and starts one on the Engine's bridge. Its id. */
  make(): Promise<string>;
  /** Makes and starts the one of a task; one that is there already is started. `onMade` gets its id before. Throws EngineError. */
  makeFor(request: PauseRequest, onMade: (id: string) => void): Promise<void>;
  /** Removes one; nothing happens if it is gone. */
  remove(id: string): Promise<void>;
  /** All of this agent, running or not. */
  list(): Promise<readonly ContainerSummary[]>;
}

/** The network holder that a container of this network mode has joined. */
export function joinedHolder(networkMode: string | undefined): string | undefined {
  return networkMode?.startsWith('container:') ? networkMode.slice('container:'.length) : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function holderBody(
  network: string,
  labels: Readonly<Record<string, string>>,
  more: Json,
  hostConfig: Json,
): CreateBody {
  return {
    Image: `${holderImage.repository}:${holderImage.tag}`,
    Labels: labels,
    // It heeds no other signal, and an Engine that shuts down should not wait for it.
    StopSignal: 'SIGKILL',
    ...more,
    HostConfig: {
      NetworkMode: network,
      IpcMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      CpuShares: 2,
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
      ...hostConfig,
    },
  };
}

export function createHolders(parts: {
  readonly engine: Engine;
  readonly agentId: string;
  readonly log: Logger;
}): Holders {
  const { engine, agentId } = parts;

  async function importImage(): Promise<void> {
    const { Architecture } = await engine.info();
    const program = waitingProgram(Architecture);
    if (!program) throw new Error(`there is no network holder for the architecture ${Architecture}`);
    await engine.importImage(tarOf([{ path: 'hold', content: program }]), holderImage, 'ENTRYPOINT ["/hold"]');
  }

  async function create(name: string, body: CreateBody): Promise<string> {
    try {
      return await engine.createContainer(name, body);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      await importImage();
      return engine.createContainer(name, body);
    }
  }

  return {
    async make() {
      const id = await create('', holderBody('bridge', { [holderLabel]: agentId }, {}, {}));
      try {
        await engine.startContainer(id);
        return id;
      } catch (error) {
        await engine.removeContainer(id);
        throw error;
      }
    },
    async makeFor({ dockerName, network, labels, more, hostConfig }, onMade) {
      const id = await create(dockerName, holderBody(network, labels, more, hostConfig)).catch(async (error) => {
        const there = isStatus(error, 409) ? await engine.inspectContainer(dockerName) : undefined;
        if (there === undefined) throw error;
        return there.Id;
      });
      onMade(id);
      await engine.startContainer(id);
    },
    async remove(id) {
      try {
        await engine.removeContainer(id);
      } catch (error) {
        // Someone else is removing it already.
        if (!isStatus(error, 409)) throw error;
      }
    },
    list: () => engine.listContainers([`${holderLabel}=${agentId}`]),
  };
}
