// The Linux capabilities that a container may be given or lose, as the ECS API lists them (`KernelCapabilities`).

export const kernelCapabilities: readonly string[] = (
  'ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER ' +
  'KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP ' +
  'SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM'
).split(' ');

/** What `linuxParameters.tmpfs.mountOptions` may hold, besides KEY=VALUE for the last five. */
export const tmpfsOptions: readonly string[] = (
  'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime ' +
  'nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime ' +
  'strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol'
).split(' ');
