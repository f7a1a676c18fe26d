// Cgroup files as kernels write them: version 1, version 2, and machines that mount both.
import { expect, test } from 'vitest';
import { locate } from './locate.ts';
import { blockBytesV1, blockBytesV2, memoryLimitV1, networkBytes, singleValue, statValue } from './parse.ts';

const id = 'e1351e61036bd085c6b65a73a52ae1e43620b05f7e696765dbc225caab547894';

const v1Mounts = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
`;
const v2Mounts = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';

test('version 1 with the cgroupfs driver', () => {
  const cgroups = `7:blkio:/docker/${id}\n4:memory:/docker/${id}\n2:cpu,cpuacct:/docker/${id}\n`;
  expect(locate(cgroups, v1Mounts)).toEqual({
    cpu: { version: 1, dir: `/sys/fs/cgroup/cpu,cpuacct/docker/${id}` },
    memory: { version: 1, dir: `/sys/fs/cgroup/memory/docker/${id}` },
    io: { version: 1, dir: `/sys/fs/cgroup/blkio/docker/${id}` },
  });
});

test('version 2 with the systemd driver', () => {
  const dir = `/sys/fs/cgroup/system.slice/docker-${id}.scope`;
  const found = locate(`0::/system.slice/docker-${id}.scope\n`, v2Mounts);
  expect(found).toEqual({ cpu: { version: 2, dir }, memory: { version: 2, dir }, io: { version: 2, dir } });
});

test('both mounted: each controller where it is', () => {
  const mounts = `${v1Mounts.replace(/^38.*\n/m, '')}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;
  const cgroups = `4:memory:/docker/${id}\n2:cpu,cpuacct:/docker/${id}\n0::/docker/${id}\n`;
  const found = locate(cgroups, mounts);
  expect(found.memory).toEqual({ version: 1, dir: `/sys/fs/cgroup/memory/docker/${id}` });
  expect(found.io).toEqual({ version: 2, dir: `/sys/fs/cgroup/unified/docker/${id}` });
});

test('a mount that shows only a part of the hierarchy, with a blank in its path', () => {
  const mounts = '30 23 0:26 /machine /mnt/my\\040cgroup rw - cgroup2 cgroup2 rw\n';
  expect(locate('0::/machine/docker/x\n', mounts).cpu?.dir).toBe('/mnt/my cgroup/docker/x');
});

test('no cgroups at all', () => {
  expect(locate('', '')).toEqual({ cpu: undefined, memory: undefined, io: undefined });
});

test('numbers and limits', () => {
  expect(singleValue('4096\n')).toBe(4096);
  expect(singleValue('max\n')).toBeUndefined();
  expect(singleValue('')).toBeUndefined();
  expect(memoryLimitV1('9223372036854771712\n')).toBeUndefined();
  expect(memoryLimitV1('67108864\n')).toBe(67108864);
  expect(statValue('cache 1\ninactive_file 2\ntotal_inactive_file 3\n', 'total_inactive_file')).toBe(3);
  expect(statValue('usage_usec 12\nuser_usec 5\n', 'usage_usec')).toBe(12);
});

test('block I/O of every device', () => {
  const v1 = '8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 1\n8:16 Read 4\nTotal 12292\n';
  expect(blockBytesV1(v1)).toEqual({ read: 4100, write: 8192 });
  const v2 = '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16 rbytes=10 wbytes=20 rios=0 wios=0\n';
  expect(blockBytesV2(v2)).toEqual({ read: 11, write: 22 });
  expect(blockBytesV2('')).toEqual({ read: 0, write: 0 });
});

test('network bytes without the loopback', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0
  eth0:    1016      12    0    0    0     0          0         0      726       9    0    0    0     0       0          0
  eth1:1       1    0    0    0     0          0         0      2       1    0    0    0     0       0          0
`;
  expect(networkBytes(text)).toEqual({ rx: 1017, tx: 728 });
});
