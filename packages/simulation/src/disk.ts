// A simulated disk. What was written and not flushed may be lost or torn when the power fails, files and the names in
// folders each on their own, as POSIX allows; a process that is killed loses nothing that it has written.
import type { Disk, DiskFile } from '@longshore/base';
import { never, type Process } from './process.ts';
import type { Random } from './random.ts';

interface Inode {
  text: string;
  /** What survives a power cut for sure; undefined if it was never flushed. */
  flushed: string | undefined;
}

interface NameChange {
  readonly name: string;
  /** Undefined: the name was removed. */
  readonly inode: Inode | undefined;
}

interface Folder {
  readonly names: Map<string, Inode>;
  durable: Map<string, Inode>;
  /** Since the folder was flushed, in order. */
  pending: NameChange[];
}

export interface SimulatedDisk {
  /** The disk as a process sees it. */
  openFor(process: Process): Disk;
  /** The power failed: what is not flushed is decided by the dice. */
  powerCut(): void;
  setFull(full: boolean): void;
  /** Called before each change is made and after it was, before anybody knows: the places to kill a process. */
  onChange: ((when: 'before' | 'after') => void) | undefined;
}

function fault(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function split(path: string): { folder: string; name: string } {
  const at = path.lastIndexOf('/');
  return { folder: path.slice(0, at), name: path.slice(at + 1) };
}

/** What is left of a file's content after a power cut. */
function leftOf(inode: Inode, random: Random): string {
  if (inode.flushed === inode.text) return inode.text;
  const torn = inode.text.slice(0, random.int(0, inode.text.length + 1));
  return random.pick([inode.flushed ?? '', torn, inode.text]);
}

export function createDisk(random: Random): SimulatedDisk {
  const folders = new Map<string, Folder>();
  let full = false;

  function folderOf(path: string): Folder {
    const folder = folders.get(path);
    if (!folder) throw fault('ENOENT', path);
    return folder;
  }

  function rename(change: NameChange, folder: Folder): void {
    folder.pending.push(change);
    if (change.inode) folder.names.set(change.name, change.inode);
    else folder.names.delete(change.name);
  }

  function find(path: string): Inode {
    const { folder, name } = split(path);
    const inode = folderOf(folder).names.get(name);
    if (!inode) throw fault('ENOENT', path);
    return inode;
  }

  function fileOf(inode: Inode, path: string, change: <T>(act: () => T) => Promise<T>): DiskFile {
    const flush = () =>
      change(() => {
        inode.flushed = inode.text;
      });
    return {
      writeFile: (text) =>
        change(() => {
          if (full) {
            inode.text = text.slice(0, random.int(0, text.length));
            throw fault('ENOSPC', path);
          }
          inode.text = text;
        }),
      datasync: flush,
      sync: flush,
      close: async () => undefined,
    };
  }

  function folderHandle(folder: Folder, change: <T>(act: () => T) => Promise<T>): DiskFile {
    const flush = () =>
      change(() => {
        folder.durable = new Map(folder.names);
        folder.pending = [];
      });
    return { writeFile: async () => undefined, datasync: flush, sync: flush, close: async () => undefined };
  }

  const disk: SimulatedDisk = {
    onChange: undefined,
    setFull(now) {
      full = now;
    },
    powerCut() {
      for (const folder of folders.values()) {
        const left = new Map(folder.durable);
        // A journal keeps the order of names: the first few changes are there, the later ones are not.
        for (const { name, inode } of folder.pending.slice(0, random.int(0, folder.pending.length + 1))) {
          if (inode) left.set(name, inode);
          else left.delete(name);
        }
        folder.names.clear();
        for (const [name, inode] of left) {
          const text = leftOf(inode, random);
          folder.names.set(name, { text, flushed: text });
        }
        folder.durable = new Map(folder.names);
        folder.pending = [];
      }
    },
    openFor(process) {
      /** One change of the disk: it takes a moment, and a process that is killed before does not make it. */
      async function change<T>(act: () => T): Promise<T> {
        if (random.chance(0.4)) await process.wait(random.chance(0.05) ? random.next() * 200 : random.next() * 2);
        disk.onChange?.('before');
        // Whoever was killed by that has not done it.
        if (!process.alive()) return never();
        const result = act();
        disk.onChange?.('after');
        return process.alive() ? result : never();
      }
      return {
        async open(path, flags) {
          const folder = folders.get(path);
          if (folder) return folderHandle(folder, change);
          if (!flags.startsWith('w')) return fileOf(find(path), path, change);
          const { folder: parent, name } = split(path);
          return change(() => {
            if (full) throw fault('ENOSPC', path);
            const inode: Inode = { text: '', flushed: undefined };
            rename({ name, inode }, folderOf(parent));
            return fileOf(inode, path, change);
          });
        },
        async mkdir(path) {
          if (!folders.has(path)) folders.set(path, { names: new Map(), durable: new Map(), pending: [] });
        },
        readdir: async (path) => [...folderOf(path).names.keys()].sort(),
        readFile: async (path) => find(path).text,
        rename: (from, to) =>
          change(() => {
            const inode = find(from);
            rename({ name: split(to).name, inode }, folderOf(split(to).folder));
            rename({ name: split(from).name, inode: undefined }, folderOf(split(from).folder));
          }),
        async rm(path) {
          const { folder, name } = split(path);
          if (folderOf(folder).names.has(name))
            await change(() => rename({ name, inode: undefined }, folderOf(folder)));
        },
        stat: async (path) => ({ size: find(path).text.length }),
        unlink: (path) =>
          change(() => {
            find(path);
            rename({ name: split(path).name, inode: undefined }, folderOf(split(path).folder));
          }),
      };
    },
  };
  return disk;
}
