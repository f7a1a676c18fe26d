// The proxy as a process of its own: HAProxy in master-worker mode, in the background, so that it outlives this one. It is found
// again by its sockets. A reload starts a new worker, which takes over the listening sockets; the one before finishes.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Clock, errorText } from '@longshore/base';
import type { Configuration, Machine } from './config.ts';
import { readHash, readOldWorkers, readServers, readStat, type SeenServer } from './seen.ts';
import { ask } from './socket.ts';

export interface ProxyProcess {
  readonly machine: Machine;
  /** Why it cannot be run, in words for people; undefined if it can. */
  missing(): Promise<string | undefined>;
  /** What runs now; undefined if nothing does. */
  look(): Promise<SeenProxy | undefined>;
  /** What it says against a configuration; undefined if it takes it. */
  check(configuration: Configuration): Promise<string | undefined>;
  /** Starts it with nothing of what was before. Rejects with what it said. */
  start(configuration: Configuration): Promise<void>;
  /** Brings what runs to another configuration, dropping no connection. Rejects with what it said; then the old one goes on. */
  reload(configuration: Configuration): Promise<void>;
  /** Told to every worker; those that finish need not know what it is about. Resolves to what the current one complained of. */
  tell(commands: readonly string[], seen: SeenProxy): Promise<string[]>;
  /** Lets it end when its connections do. */
  stop(): Promise<void>;
}

export interface SeenProxy {
  readonly hash: string | undefined;
  readonly frontends: ReadonlySet<string>;
  readonly servers: readonly SeenServer[];
  readonly oldWorkers: readonly number[];
  /** By `backend/name`. */
  readonly lingering: ReadonlyMap<string, number>;
}

export interface ProcessOptions {
  /** Its folder; made if it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  /** The program; searched for if left out. */
  readonly program?: string | undefined;
}

/** Names of sockets may be this long (unix(7)), and HAProxy adds a few characters while it binds one. */
const longestSocket = 90;
const batch = 60;
const reloadMs = 15_000;

async function findProgram(given: string | undefined): Promise<string | undefined> {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const candidates = given === undefined ? places.filter(Boolean).map((each) => join(each, 'haproxy')) : [given];
  for (const path of candidates) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** The user of Debian's package, for workers that root starts. */
async function unprivilegedUser(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return ['haproxy', 'nobody'].find((name) => users.split('\n').some((line) => line.startsWith(`${name}:`)));
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 20_000, maxBuffer: 1024 * 1024 }, (error, _out, said) => {
      const alerts = said.split('\n').filter((line) => line.includes('[ALERT]'));
      if (error) reject(new Error(`haproxy: ${(alerts.join(' ') || errorText(error)).slice(0, 2000)}`));
      else resolve();
    });
  });
}

export async function proxyProcess(options: ProcessOptions): Promise<ProxyProcess> {
  const { dir, clock } = options;
  const paths = {
    admin: join(dir, 'admin.sock'),
    master: join(dir, 'master.sock'),
    state: join(dir, 'servers.state'),
    config: join(dir, 'haproxy.cfg'),
    pid: join(dir, 'haproxy.pid'),
  };
  const user = await unprivilegedUser();
  const machine: Machine = {
    adminSocket: paths.admin,
    stateFile: paths.state,
    user: user === 'nobody' ? undefined : user,
  };

  async function missing(): Promise<string | undefined> {
    if (paths.master.length > longestSocket)
      return `The path ${paths.master} is too long for a socket. Choose a data folder with a shorter name.`;
    if ((await findProgram(options.program)) !== undefined) return undefined;
    return 'A load balancer needs HAProxy, which is not on this machine. Install it (apt-get install haproxy), then try again.';
  }

  async function program(): Promise<string> {
    const found = await findProgram(options.program);
    if (found === undefined) throw new Error((await missing()) ?? 'haproxy is missing');
    return found;
  }

  async function save(configuration: Configuration): Promise<string> {
    const found = await program();
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const fresh = `${paths.config}.new`;
    await writeFile(fresh, configuration.text, { mode: 0o600 });
    await run(found, ['-c', '-f', fresh]);
    await rename(fresh, paths.config);
    return found;
  }

  /** What the workers that finish still do. One that ended meanwhile does nothing. */
  async function lingeringOf(workers: readonly number[]): Promise<Map<string, number>> {
    const sum = new Map<string, number>();
    for (const pid of workers) {
      const text = await ask(paths.master, [`@!${pid} show stat -1 4 -1`]).catch(() => '');
      for (const [key, { busy }] of readStat(text).busy) sum.set(key, (sum.get(key) ?? 0) + busy);
    }
    return sum;
  }

  async function running(): Promise<string | undefined> {
    return ask(paths.admin, ['show info']).catch(() => undefined);
  }

  async function look(): Promise<SeenProxy | undefined> {
    const info = await running();
    if (info === undefined) return undefined;
    const stat = readStat(await ask(paths.admin, ['show stat']));
    const servers = readServers(await ask(paths.admin, ['show servers state']), stat);
    const oldWorkers = readOldWorkers(await ask(paths.master, ['show proc']).catch(() => ''));
    const lingering = await lingeringOf(oldWorkers);
    return { hash: readHash(info), frontends: stat.frontends, servers, oldWorkers, lingering };
  }

  return {
    machine,
    missing,
    look,
    async check(configuration) {
      const found = await program();
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const file = `${paths.config}.check`;
      await writeFile(file, configuration.text, { mode: 0o600 });
      return run(found, ['-c', '-f', file]).then(() => undefined, errorText);
    },
    async start(configuration) {
      const found = await save(configuration);
      await writeFile(paths.state, '', { mode: 0o600 });
      await run(found, ['-W', '-D', '-p', paths.pid, '-S', `${paths.master},mode,600`, '-f', paths.config]);
    },
    async reload(configuration) {
      await writeFile(paths.state, await ask(paths.admin, ['show servers state']), { mode: 0o600 });
      await save(configuration);
      await ask(paths.master, ['reload']).catch(() => undefined);
      const end = clock.now() + reloadMs;
      while (clock.now() < end) {
        const info = await running();
        if (info !== undefined && readHash(info) === configuration.hash) return;
        await clock.sleep(50);
      }
      throw new Error('the proxy did not take over the new configuration; the one before goes on');
    },
    async tell(commands, seen) {
      const complaints: string[] = [];
      for (let at = 0; at < commands.length; at += batch) {
        const some = commands.slice(at, at + batch);
        const answer = await ask(paths.admin, some);
        const said = answer
          .split('\n')
          .filter((line) => line !== '' && !/^(?:New server registered|Server deleted)/.test(line));
        complaints.push(...said);
        for (const pid of seen.oldWorkers) {
          for (const command of some) await ask(paths.master, [`@!${pid} ${command}`]).catch(() => '');
        }
      }
      return complaints;
    },
    async stop() {
      const pid = Number((await readFile(paths.pid, 'utf8').catch(() => '')).trim());
      if (!Number.isInteger(pid) || pid <= 1 || (await running()) === undefined) return;
      try {
        process.kill(pid, 'SIGUSR1');
      } catch {
        // It has ended.
      }
    },
  };
}
