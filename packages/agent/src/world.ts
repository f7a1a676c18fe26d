// What the agent reaches the world through: disk, Engine, control plane. Each has the real thing as its default; a
// simulation gives its own, and runs everything else of the agent as it is.
import { type Disk, realDisk } from '@longshore/base';
import { type ControlClient, createControlClient } from './control/api.ts';
import { type OpenSocket, openSocket } from './control/socket.ts';
import { createEngine, type Engine } from './docker/engine.ts';
import { createRegistryTokens, type RegistryTokens } from './execute/ecr-token.ts';
import { machineFiles } from './secrets/machine-files.ts';
import { s3Objects } from './secrets/s3-objects.ts';
import { createSecrets } from './secrets/secrets.ts';
import type { Secrets } from './secrets/types.ts';
import { createLogSink } from './logs/sink.ts';
import { createLogSource } from './logs/source.ts';
import type { LogSink, LogSource } from './logs/types.ts';
import { createImageRemover, type ImageRemover } from './execute/clean-images.ts';
import type { RoleKeys } from './endpoint/role-keys.ts';
import { createEngineExec, type EngineExec } from './exec/engine-exec.ts';
import { createHostPorts, type HostPorts } from './execute/host-ports.ts';
import { createMeasurer, type Measurer } from './telemetry/measure.ts';
import type { AgentOptions } from './types.ts';

export interface AgentWorld {
  readonly disk: Disk;
  readonly engine: Engine;
  /** The container service's operations. */
  readonly client: ControlClient;
  /** Opens the control and the telemetry socket. */
  readonly openSocket: OpenSocket;
  readonly tokens: RegistryTokens;
  /** What a container is given from elsewhere when it is made. */
  readonly secrets: Secrets;
  /** Where containers' output goes and where it comes from. */
  readonly logSink: LogSink;
  readonly logSource: LogSource;
  readonly imageRemover: ImageRemover;
  /** Commands in containers. */
  readonly engineExec: EngineExec;
  /** Free ports of the machine. */
  readonly hostPorts: HostPorts;
  readonly measurer: Measurer;
}

/** The real world, but for what is given. */
export function worldOf(options: AgentOptions, given: Partial<AgentWorld>, keys: RoleKeys): AgentWorld {
  return {
    disk: given.disk ?? realDisk,
    engine: given.engine ?? createEngine({ dockerHost: options.dockerHost }),
    client: given.client ?? createControlClient(options),
    openSocket: given.openSocket ?? openSocket,
    tokens: given.tokens ?? createRegistryTokens(options),
    secrets:
      given.secrets ??
      createSecrets({
        ...options,
        executionCredentials: keys.execution,
        files: machineFiles(options.taskFiles),
        readObject: s3Objects(options.taskFilesS3),
      }),
    logSink: given.logSink ?? createLogSink(options),
    logSource: given.logSource ?? createLogSource({ dockerHost: options.dockerHost }),
    imageRemover: given.imageRemover ?? createImageRemover({ dockerHost: options.dockerHost }),
    engineExec: given.engineExec ?? createEngineExec({ dockerHost: options.dockerHost }),
    hostPorts: given.hostPorts ?? createHostPorts(options),
    measurer: given.measurer ?? createMeasurer(options.clock),
  };
}
