// Files that this machine's operator gives to tasks: all in one folder, named by tasks as `file:NAME`. Nothing outside of
// that folder is read, whatever the name or a link in it says.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

const maxBytes = 65_536;

export interface MachineFiles {
  /** The text of a file. Throws an Error that says why not. */
  read(name: string): Promise<string>;
}

export function machineFiles(dir: string | undefined): MachineFiles {
  return {
    async read(name) {
      if (dir === undefined) throw new Error(`file:${name}: this machine gives no files to tasks (setting taskFiles)`);
      if (!/^[A-Za-z0-9_.@+=-]+(?:\/[A-Za-z0-9_.@+=-]+)*$/.test(name) || name.split('/').includes('..'))
        throw new Error(`file:${name} is not a name of a file in the folder for tasks`);
      const missing = (error: unknown) => {
        const { code } = error as NodeJS.ErrnoException;
        throw new Error(`file:${name} cannot be read on this machine${code ? ` (${code})` : ''}`);
      };
      const [folder, path] = await Promise.all([realpath(dir), realpath(join(dir, name))]).catch(missing);
      if (!path.startsWith(`${folder}${sep}`)) throw new Error(`file:${name} leads out of the folder for tasks`);
      // Neither a pipe nor a device may hold the agent up.
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(missing);
      try {
        const { size } = await handle.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }));
        if (size < 0 || size > maxBytes) throw new Error(`file:${name} must be a file of at most ${maxBytes} bytes`);
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    },
  };
}
