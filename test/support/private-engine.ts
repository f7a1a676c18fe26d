// A Docker Engine of the test's own (its own folders, socket, containerd and bridge), which may be stopped and started at
// will. The bridge must be its own: an Engine told to have none removes docker0, which belongs to the machine's Engine.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerCli, run, tryRun } from './command.ts';
import { until } from './longshore.ts';

export interface PrivateEngine extends AsyncDisposable {
  /** `unix:///…/docker.sock` */
  readonly host: string;
  /** Ends the daemon (SIGTERM) and waits; with live-restore its containers run on. */
  stop(): Promise<void>;
  /** Starts it again on the same folders. */
  start(): Promise<void>;
  /** Ids of running containers. Tasks use networkMode none or host: the bridge leads nowhere. */
  running(): Promise<string[]>;
}

/** Starts the engine (as root). */
export async function startPrivateEngine(args: readonly string[] = []): Promise<PrivateEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const host = `unix://${folder}/docker.sock`;
  const bridge = `lstest${randomInt(1e6)}`;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['address', 'add', `10.213.${randomInt(256)}.1/24`, 'dev', bridge]);
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  let daemon: ChildProcess | undefined;

  async function start(): Promise<void> {
    const paths = [
      '--data-root',
      `${folder}/data`,
      '--exec-root',
      `${folder}/exec`,
      '--pidfile',
      `${folder}/pid`,
      '-H',
      host,
    ];
    daemon = spawn('dockerd', [...paths, `--bridge=${bridge}`, '--iptables=false', '--ip6tables=false', ...args], {
      stdio: ['ignore', log, log],
    });
    await until(
      `the private engine answers; its log: ${readFileSync(join(folder, 'dockerd.log'), 'utf8')}`,
      async () => {
        return (await tryRun(dockerCli, ['-H', host, 'info'])).code === 0;
      },
    );
  }

  async function stop(): Promise<void> {
    const child = daemon;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
  }

  await start();
  return {
    host,
    start,
    stop,
    running: async () =>
      (await run(dockerCli, ['-H', host, 'ps', '-q', '--no-trunc'])).split('\n').filter((line) => line !== ''),
    async [Symbol.asyncDispose]() {
      const all = (await tryRun(dockerCli, ['-H', host, 'ps', '-aq'])).stdout.split('\n').filter((line) => line !== '');
      if (all.length > 0) await tryRun(dockerCli, ['-H', host, 'rm', '-f', ...all]);
      await stop();
      await tryRun('ip', ['link', 'delete', bridge]);
      // With live-restore the daemon leaves its mounts behind.
      for (const mount of mountsUnder(folder)) await tryRun('umount', ['-l', mount]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Mount points below a folder, innermost first. Source: proc(5), /proc/self/mounts. */
function mountsUnder(folder: string): string[] {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return points.filter((point) => point.startsWith(`${folder}/`)).toReversed();
}
