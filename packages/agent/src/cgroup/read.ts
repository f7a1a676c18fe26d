// Reads a container's counters from its cgroup's files and its network namespace: a handful of small reads, no Engine.
import { readFile } from 'node:fs/promises';
import { type CgroupFolders, locate } from './locate.ts';
import { blockBytesV1, blockBytesV2, memoryLimitV1, networkBytes, singleValue, statValue } from './parse.ts';

/** Counted from the container's start, but for memory, which is as it is now. */
export interface Usage {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpuSeconds: number;
  /** The working set: what is used without the page cache that can be dropped at once. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number | undefined;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

export interface UsageSource {
  readonly pid: number;
  readonly folders: CgroupFolders;
  /** False when the container shares the machine's network, whose counters are not its own. */
  readonly ownNetwork: boolean;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // A counter that this kernel does not keep counts nothing.
    return '';
  }
}

/** Finds where the counters of process `pid` are. Throws if it does not exist (any more). */
export async function openUsage(pid: number, ownNetwork: boolean): Promise<UsageSource> {
  const [cgroups, mounts] = await Promise.all([
    readFile(`/proc/${pid}/cgroup`, 'utf8'),
    readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  return { pid, folders: locate(cgroups, mounts), ownNetwork };
}

async function cpuSeconds(folder: CgroupFolders['cpu']): Promise<number> {
  if (!folder) return 0;
  if (folder.version === 1) return (singleValue(await readFile(`${folder.dir}/cpuacct.usage`, 'utf8')) ?? 0) / 1e9;
  return (statValue(await readFile(`${folder.dir}/cpu.stat`, 'utf8'), 'usage_usec') ?? 0) / 1e6;
}

async function memory(
  folder: CgroupFolders['memory'],
): Promise<{ readonly used: number; readonly limit?: number | undefined }> {
  if (!folder) return { used: 0 };
  const { dir, version } = folder;
  const [usageFile, limitFile] =
    version === 1 ? ['memory.usage_in_bytes', 'memory.limit_in_bytes'] : ['memory.current', 'memory.max'];
  const [usage, stat, limit] = await Promise.all([
    read(`${dir}/${usageFile}`),
    read(`${dir}/memory.stat`),
    read(`${dir}/${limitFile}`),
  ]);
  const droppable = statValue(stat, version === 1 ? 'total_inactive_file' : 'inactive_file') ?? 0;
  const used = Math.max(0, (singleValue(usage) ?? 0) - droppable);
  return { used, limit: version === 1 ? memoryLimitV1(limit) : singleValue(limit) };
}

async function block(folder: CgroupFolders['io']) {
  if (!folder) return { read: 0, write: 0 };
  if (folder.version === 2) return blockBytesV2(await read(`${folder.dir}/io.stat`));
  const recursive = await read(`${folder.dir}/blkio.throttle.io_service_bytes_recursive`);
  return blockBytesV1(recursive || (await read(`${folder.dir}/blkio.throttle.io_service_bytes`)));
}

/** The counters now. Throws if the container is gone. */
export async function readUsage(source: UsageSource, now: number): Promise<Usage> {
  const [cpu, used, bytes, net] = await Promise.all([
    cpuSeconds(source.folders.cpu),
    memory(source.folders.memory),
    block(source.folders.io),
    source.ownNetwork ? read(`/proc/${source.pid}/net/dev`).then(networkBytes) : { rx: 0, tx: 0 },
  ]);
  return {
    time: now,
    cpuSeconds: cpu,
    memoryBytes: used.used,
    memoryLimitBytes: used.limit,
    networkRxBytes: net.rx,
    networkTxBytes: net.tx,
    blockReadBytes: bytes.read,
    blockWriteBytes: bytes.write,
  };
}
