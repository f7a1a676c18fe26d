// A Docker Engine inside a machine's network namespace: its own folders, socket, containerd and bridge; shares nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerCli, tryRun } from './command.ts';
import { until } from './longshore.ts';

export interface MachineEngine {
  /** `unix:///…/docker.sock` */
  readonly host: string;
  start(): Promise<void>;
  /** Ends the daemon and waits. By SIGTERM it stops its containers (or, with live-restore, leaves them). */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  log(): string;
}

export interface MachineEngineOptions {
  readonly folder: string;
  readonly namespace: string;
  /** The Engine's own bridge, inside the namespace: `10.x.y.1/24`. */
  readonly bridgeAddress: string;
  /** Registry hosts or networks that may be asked without TLS. */
  readonly insecure: readonly string[];
  readonly args?: readonly string[];
}

export function machineEngine(options: MachineEngineOptions): MachineEngine {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const host = `unix://${folder}/docker.sock`;
  const logFile = join(folder, 'dockerd.log');
  const out = openSync(logFile, 'a');
  let daemon: ChildProcess | undefined;
  const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
  const log = () => readFileSync(logFile, 'utf8');

  return {
    host,
    log,
    async start() {
      const paths = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`];
      const own = [
        '--bip',
        options.bridgeAddress,
        ...options.insecure.flatMap((each) => ['--insecure-registry', each]),
      ];
      // nsenter and not `ip netns exec`: that one hides the control groups under a new /sys.
      const command = [`--net=/run/netns/${options.namespace}`, 'dockerd', ...paths, '-H', host, ...own];
      const child = spawn('nsenter', [...command, ...(options.args ?? [])], { stdio: ['ignore', out, out] });
      daemon = child;
      await until('the Engine of a machine answers', async () => {
        if (hasEnded(child)) throw new Error(`the Engine of a machine ended at its start:\n${log().slice(-4000)}`);
        return (await tryRun(dockerCli, ['-H', host, 'version'])).code === 0;
      });
    },
    async stop(signal = 'SIGTERM') {
      const child = daemon;
      if (child === undefined || hasEnded(child)) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill(signal);
      await ended;
    },
  };
}
