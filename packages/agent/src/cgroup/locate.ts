// Finds a process's cgroup folders. Pure: works on the texts of /proc/<pid>/cgroup and /proc/self/mountinfo (cgroups(7),
// proc_pid_mountinfo(5)), so v1, v2 and machines that mix them are told apart without asking anyone.

export type Controller = 'cpu' | 'memory' | 'io';

/** Where one controller's files are, and whose format they have. */
export interface ControllerFolder {
  readonly version: 1 | 2;
  readonly dir: string;
}

export type CgroupFolders = Readonly<Record<Controller, ControllerFolder | undefined>>;

const v1Names: Readonly<Record<Controller, string>> = { cpu: 'cpuacct', memory: 'memory', io: 'blkio' };

interface Mount {
  readonly root: string;
  readonly point: string;
  /** Empty for the unified hierarchy. */
  readonly controllers: readonly string[];
}

/** The kernel writes blanks in paths as octal escapes. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The cgroup mounts of `mountinfo`. */
export function parseCgroupMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const fields = before.split(' ');
    const controllers = type === 'cgroup2' ? [] : options.split(',');
    return [{ root: unescapePath(fields[3] ?? '/'), point: unescapePath(fields[4] ?? ''), controllers }];
  });
}

/** The cgroup paths of /proc/<pid>/cgroup by controller; the unified hierarchy's under the empty name. */
export function parseProcessCgroups(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (!match) continue;
    for (const controller of (match[1] ?? '').split(',')) paths.set(controller, match[2] ?? '/');
  }
  return paths;
}

function folder(mount: Mount, path: string): string {
  const below = mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  return `${mount.point}${below === '/' ? '' : below}`;
}

/** The folders that hold the process's counters. A v1 controller that is not mounted is sought in the unified hierarchy. */
export function locate(processCgroups: string, mountinfo: string): CgroupFolders {
  const mounts = parseCgroupMounts(mountinfo);
  const paths = parseProcessCgroups(processCgroups);
  const find = (controller: Controller): ControllerFolder | undefined => {
    const name = v1Names[controller];
    const path = paths.get(name);
    const v1 = mounts.find((mount) => mount.controllers.includes(name));
    if (v1 && path !== undefined) return { version: 1, dir: folder(v1, path) };
    const v2 = mounts.find((mount) => mount.controllers.length === 0);
    const unified = paths.get('');
    return v2 && unified !== undefined ? { version: 2, dir: folder(v2, unified) } : undefined;
  };
  return { cpu: find('cpu'), memory: find('memory'), io: find('io') };
}
